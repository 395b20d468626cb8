import { failure, storeFailure } from './errors.ts';
import { ImageInHand } from './image.ts';
import type { ImageHead } from './judge.ts';
import { formatNotes, type Notes, parseNotes, type SuspendedNote } from './notes.ts';
import type { Plan } from './plan.ts';
import { encodeText, type Signal } from './platform.ts';
import type { Ports } from './ports.ts';

const NOTES_FORMAT = 'notes 1 ';
/** How much is brought again after a power cut: what came since the last mark. */
const MARK_EVERY_MS = 1_000;
const MARK_EVERY_BYTES = 16 * 1024 ** 2;

/** Request headers that let the server answer 304 for an image that the device already got. */
export type Conditions = Readonly<Record<string, string>>;

/** Has the last word on whether an image shows. */
export type Commit = <Result>(show: () => Promise<Result>) => Promise<Result>;

/**
 * The device's side of a transfer: the image in hand, the target it lands at, and the notes beside it.
 *
 * Invariant: nothing shows at the place before `settle`, and a note of a kept part is written only after that part is
 * durable. Every failure of a port comes out as `disk-full` or `write-failed`.
 */
export interface Landing {
  /** The image under way. */
  readonly image: ImageInHand | undefined;
  /** What an earlier call left of the answer to this very question. */
  readonly suspended: SuspendedNote | undefined;
  /** Reads the notes of earlier calls and returns the conditions to ask under. */
  recall(): Promise<Conditions>;
  /** Prepares for a whole image. */
  begin(head: ImageHead): Promise<ImageInHand>;
  /** Goes on with what was kept, once its bytes are proven to be those that were noted. @throws `range-mismatch` */
  resume(head: ImageHead, signal: Signal): Promise<ImageInHand>;
  /** Writes bytes of the image in hand, and now and then makes them safe from a power cut. */
  take(image: ImageInHand, bytes: Uint8Array): Promise<void>;
  /**
   * Shows the whole image at its place and notes what it was. Resolves to its address.
   * @param commit shows it, or throws what speaks against it: then it is dropped. Comes when the image is durable
   */
  settle(image: ImageInHand, commit?: Commit): Promise<string>;
  /** Drops the image in hand. Never throws: what cannot be removed is in nobody's way. */
  drop(): Promise<void>;
  /** Keeps the image in hand for a later call where something will prove that it may go on; else drops it. */
  suspend(): Promise<void>;
}

export function createLanding(plan: Plan, { clock, hash, notebook, target }: Ports): Landing {
  /** Questions are noted by their digest, for they carry the product key. */
  const digest = (text: string): string => {
    const sum = hash('sha-256');
    sum.update(encodeText(NOTES_FORMAT + text));
    return sum.base64();
  };
  // What came without a signature is asked for again once signatures are demanded.
  const resource = digest(`${plan.trust === undefined ? '' : 'signed '}${plan.resource}`);
  const question = digest(plan.url);
  let notes: Notes = {};
  let image: ImageInHand | undefined;
  let marked = { bytes: 0, atMs: 0 };

  const store = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw storeFailure(error);
    }
  };
  const save = (next: Notes): Promise<void> => notebook.save(formatNotes(next, digest));
  const ours = (): SuspendedNote | undefined => (notes.suspended?.question === question ? notes.suspended : undefined);

  const mark = async (current: ImageInHand): Promise<void> => {
    const { bytes, head, prefix } = current;
    const suspended = { ...(await store(() => target.mark())), question, head, prefix };
    marked = { bytes, atMs: clock.monotonicMs() };
    try {
      const before = notes.suspended;
      await save({ ...notes, suspended });
      notes = { ...notes, suspended };
      // Only now does nothing rely on it any more.
      if (before !== undefined && before.token !== suspended.token) await target.forget(before);
    } catch {
      // Without the note a crash costs more bytes, but nothing else: no reason to end a transfer.
    }
  };
  const drop = async (): Promise<void> => {
    if (image === undefined) return;
    image = undefined;
    await target.finish(false).catch(() => undefined);
  };
  /** Drops the image in hand, and what an earlier call kept. */
  const forget = async (): Promise<void> => {
    await drop();
    const { suspended, delivered } = notes;
    notes = { delivered };
    if (suspended !== undefined) await target.forget(suspended).catch(() => undefined);
  };
  /** Makes the target ready. `image` is held from here on, so that a failure lets go of the target too. */
  const open = async (head: ImageHead, note: SuspendedNote | undefined): Promise<[ImageInHand, number]> => {
    await drop();
    const kept = await store(() => target.init(head.total, note));
    const opened = new ImageInHand(head, note?.bytes ?? 0, hash, plan.trust !== undefined);
    image = opened;
    marked = { bytes: kept, atMs: clock.monotonicMs() };
    await store(() => target.wait());
    return [opened, kept];
  };

  return {
    get image() {
      return image;
    },
    get suspended() {
      return ours();
    },
    async recall() {
      notes = parseNotes(await store(() => notebook.load()), digest);
      const { delivered } = notes;
      const { expectedSha256, version } = plan;
      if (delivered?.resource !== resource || (expectedSha256 ?? delivered.sha256) !== delivered.sha256) return {};
      // A device that reports the same version as then, and whose image is gone, has not got it: let it be sent again.
      const taken = version === undefined || version !== delivered.version;
      const there = taken || (await store(() => target.size())) === delivered.size;
      if (!there) return {};
      if (delivered.etag !== undefined) return { 'if-none-match': delivered.etag };
      return delivered.lastModified === undefined ? {} : { 'if-modified-since': delivered.lastModified };
    },
    async begin(head) {
      await forget();
      const [opened] = await open(head, undefined);
      return opened;
    },
    async resume(head, signal) {
      const note = ours();
      const [opened, kept] = await open(head, note);
      await store(async () => {
        for await (const bytes of target.read(kept)) {
          if (signal.aborted) throw signal.reason;
          opened.add(bytes);
        }
      });
      if (opened.bytes === note?.bytes && opened.prefix === note.prefix) return opened;
      await forget();
      throw failure('range-mismatch', 'What was kept here has changed.', 'store');
    },
    async take(current, bytes) {
      await store(() => target.write(bytes));
      current.add(bytes);
      const isDue =
        current.bytes - marked.bytes >= MARK_EVERY_BYTES || clock.monotonicMs() - marked.atMs >= MARK_EVERY_MS;
      if (isDue && current.head.validator !== undefined) await mark(current);
    },
    async settle({ head, sha256, bytes: size }, commit = (show) => show()) {
      await store(() => target.done(sha256));
      const file = await commit(() => store(() => target.finish(true))).catch(async (error) => {
        await drop();
        throw error;
      });
      image = undefined;
      await forget();
      const { etag, lastModified } = head;
      // The image is in its place whatever becomes of the note; without it the next question has no conditions.
      await save({ delivered: { resource, version: plan.version, etag, lastModified, size, sha256 } }).catch(
        () => undefined,
      );
      return file;
    },
    drop,
    async suspend() {
      const current = image;
      // Less than was marked is what could not be read back in time: the note of it stands.
      if (current?.head.validator === undefined || current.bytes === 0 || current.bytes < marked.bytes) return drop();
      try {
        await mark(current);
        image = undefined;
        await target.suspend();
      } catch {
        await drop();
      }
    },
  };
}
