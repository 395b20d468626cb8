import { storeFailure } from './errors.ts';
import { ImageInHand } from './image.ts';
import type { ImageHead } from './judge.ts';
import { formatNotes, type Notes, parseNotes, type SuspendedNote } from './notes.ts';
import type { Plan } from './plan.ts';
import { encodeText } from './platform.ts';
import type { Ports } from './ports.ts';

/** How much is brought again after a power cut: what came since the last mark. */
const MARK_EVERY_MS = 1_000;
const MARK_EVERY_BYTES = 16 * 1024 ** 2;

/** Request headers that let the server answer 304 for an image that the device already got. */
export type Conditions = Readonly<Record<string, string>>;

/**
 * The device's side of a transfer: the image in hand, the target it lands at, and the notes beside it.
 *
 * Invariant: nothing shows at the place before `settle`, and a note of a kept part is written only after that part is
 * durable. Every failure of a port comes out as `disk-full` or `write-failed`.
 */
export class Landing {
  readonly #ports: Ports;
  readonly #resource: string;
  readonly #question: string;
  readonly #plan: Plan;
  #notes: Notes = {};
  #image: ImageInHand | undefined;
  #marked = { bytes: 0, atMs: 0 };

  constructor(plan: Plan, ports: Ports) {
    this.#plan = plan;
    this.#ports = ports;
    this.#resource = this.#digest(plan.resource);
    this.#question = this.#digest(plan.url);
  }

  /** The image under way. */
  get image(): ImageInHand | undefined {
    return this.#image;
  }

  /** Reads the notes of earlier calls and returns the conditions to ask under. */
  async recall(): Promise<Conditions> {
    const { notebook, target } = this.#ports;
    this.#notes = parseNotes(await this.#store('read the notes', () => notebook.load()));
    const { delivered } = this.#notes;
    const { expectedSha256, version } = this.#plan;
    if (delivered === undefined || delivered.resource !== this.#resource) return {};
    if (expectedSha256 !== undefined && expectedSha256 !== delivered.sha256) return {};
    // A device that reports the same version as then, and whose image is gone, has not got it: let it be sent again.
    const taken = version === undefined || version !== delivered.version;
    const there = taken || (await this.#store('look at the target', () => target.size())) === delivered.size;
    if (!there) return {};
    if (delivered.etag !== undefined) return { 'if-none-match': delivered.etag };
    return delivered.lastModified === undefined ? {} : { 'if-modified-since': delivered.lastModified };
  }

  /** What an earlier call left of the answer to this very question. */
  get suspended(): SuspendedNote | undefined {
    const { suspended } = this.#notes;
    return suspended?.question === this.#question ? suspended : undefined;
  }

  /** Prepares for a whole image. */
  async begin(head: ImageHead): Promise<ImageInHand> {
    const { suspended } = this.#notes;
    if (suspended !== undefined) await this.#ports.target.forget(suspended).catch(() => undefined);
    await this.#open(head, undefined);
    return this.#hold(new ImageInHand(head, 0, this.#ports.hash));
  }

  /** Goes on with what was kept, once its bytes are proven to be those that were noted; else `undefined`. */
  async resume(head: ImageHead): Promise<ImageInHand | undefined> {
    const note = this.suspended;
    if (note === undefined) return undefined;
    const kept = await this.#open(head, note);
    const image = this.#hold(new ImageInHand(head, note.bytes, this.#ports.hash));
    if (kept !== note.bytes) return undefined;
    await this.#store('read back what was kept', async () => {
      for await (const bytes of this.#ports.target.read(kept)) image.add(bytes);
    });
    this.#marked.bytes = image.written;
    return image.prefix === note.prefix ? image : undefined;
  }

  /** Writes bytes of the image in hand, and now and then makes them safe from a power cut. */
  async take(image: ImageInHand, bytes: Uint8Array): Promise<void> {
    await this.#store('write', () => this.#ports.target.write(bytes));
    image.add(bytes);
    const due =
      image.written - this.#marked.bytes >= MARK_EVERY_BYTES ||
      this.#ports.clock.monotonicMs() - this.#marked.atMs >= MARK_EVERY_MS;
    if (due && image.head.validator !== undefined) await this.#mark(image);
  }

  /** Shows the whole image at its place and notes what it was. Resolves to its address. */
  async settle(image: ImageInHand): Promise<string> {
    const { target, notebook } = this.#ports;
    await this.#store('make the image durable', () => target.done());
    const file = await this.#store('put the image in its place', () => target.finish(true));
    this.#image = undefined;
    const { etag, lastModified } = image.head;
    const { version } = this.#plan;
    const { written: size, sha256 } = image;
    const delivered = { resource: this.#resource, version, etag, lastModified, size, sha256 };
    // The image is in its place whatever becomes of the note; without it the next question is asked unconditionally.
    await notebook.save(formatNotes({ delivered })).catch(() => undefined);
    return file;
  }

  /** Drops the image in hand. Never throws: what cannot be removed is in nobody's way. */
  async drop(): Promise<void> {
    if (this.#image === undefined) return;
    this.#image = undefined;
    await this.#ports.target.finish(false).catch(() => undefined);
  }

  /** Keeps the image in hand for a later call where something will prove that it may go on; else drops it. */
  async suspend(): Promise<void> {
    const image = this.#image;
    if (image === undefined) return;
    if (image.head.validator === undefined || image.written === 0) return this.drop();
    try {
      await this.#mark(image);
      this.#image = undefined;
      await this.#ports.target.suspend();
    } catch {
      await this.drop();
    }
  }

  async #open(head: ImageHead, kept: SuspendedNote | undefined): Promise<number> {
    await this.drop();
    const { target } = this.#ports;
    const bytes = await this.#store('prepare the target', () => target.init(head.total, kept));
    await this.#store('wait for the target', () => target.wait());
    return bytes;
  }

  #hold(image: ImageInHand): ImageInHand {
    this.#image = image;
    this.#marked = { bytes: 0, atMs: this.#ports.clock.monotonicMs() };
    return image;
  }

  async #mark(image: ImageInHand): Promise<void> {
    await this.#store('note how far the image is', async () => {
      const kept = await this.#ports.target.mark();
      const suspended = image.note(this.#question, kept);
      await this.#ports.notebook.save(formatNotes({ ...this.#notes, suspended }));
    });
    this.#marked = { bytes: image.written, atMs: this.#ports.clock.monotonicMs() };
  }

  /** Digests of questions are noted instead of the questions, for those carry the product key. */
  #digest(text: string): string {
    const hash = this.#ports.hash('sha-256');
    hash.update(encodeText(text));
    return hash.base64();
  }

  async #store<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeFailure(error, `Could not ${what}`);
    }
  }
}
