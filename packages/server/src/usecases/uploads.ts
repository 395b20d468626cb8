import { FotaServerError, type ServerErrorCode } from '../domain/errors.ts';
import type { Later, Now, StoredUpload, UploadStore } from '../ports.ts';
import type { Intake, Operator } from './operator.ts';

/** An upload, and how far it is. */
export interface Upload extends StoredUpload {
  /** Bytes that came. */
  readonly offset: number;
}

/** Bytes on their way, which can be told that nobody wants the rest. Node's streams are such. */
export interface Incoming extends AsyncIterable<Uint8Array> {
  destroy(): unknown;
}

export interface NewUpload {
  /** Who begins it, see `ownerOf`. */
  readonly owner: string;
  readonly fileName?: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex; what comes is held to it. */
  readonly sha256?: string | undefined;
}

/** Files on their way to the packages: in pieces, over as many connections as it takes. */
export interface Uploads {
  /** @throws FotaServerError `package-empty`, `upload-too-large`, `uploads-full`, `disk-full`, `data-dir-unusable`, `closed` */
  create(wanted: NewUpload): Promise<Upload>;
  /** @throws FotaServerError `upload-unknown` */
  upload(id: string): Promise<Upload>;
  /** Who began it. @throws FotaServerError `upload-unknown` */
  owner(id: string): string;
  /**
   * Goes on at `offset`. What came before a failure counts. The last byte makes a package of the upload; one that is
   * refused as such is dropped. Asked again at the end of a complete upload, it answers again. Whoever else is sending
   * bytes of this upload is ended: it is a connection that the client has given up.
   * @throws FotaServerError `upload-unknown`, `upload-offset` (its `facts.offset` is where the upload stands), `upload-overrun`,
   *   `upload-superseded`, `upload-digest`, `package-corrupt`, `package-not-upgrade`, `disk-full`, `data-dir-unusable`, `closed`; whatever `bytes` throws
   */
  append(id: string, offset: number, bytes: Incoming): Promise<Upload>;
  /** @throws FotaServerError `upload-unknown`, `data-dir-unusable` */
  remove(id: string): Promise<void>;
  /** What the upload became. @throws FotaServerError `upload-unknown`, `upload-incomplete` */
  intake(id: string): Intake;
  /** Takes no more, ends those that are sending, and resolves when nothing of it runs any more. */
  close(): Promise<void>;
}

export interface UploadPorts {
  readonly store: UploadStore;
  readonly takeIn: Operator['takeIn'];
  readonly now: Now;
  readonly later: Later;
  /** Letters and digits that nobody can guess. */
  readonly newId: () => string;
  /** Told of what went wrong where nobody waits for an answer. */
  readonly onProblem: (problem: unknown) => void;
  readonly limits: {
    /** Bytes of one upload. */
    readonly maxPackageBytes: number;
    /** Uploads whose bytes are not all there. */
    readonly maxOpenUploads: number;
  };
}

/** An upload that nobody goes on with is kept so long; a complete one too, so that publishing can be asked again. */
const KEPT_MS = 24 * 3_600_000;
/** The end of an upload moves in such steps: notes that are made durable for each piece would cost more than the piece. */
const STEP_MS = 3_600_000;
const SWEEP_MS = 3_600_000;
/** Complete uploads that are remembered: a few hundred bytes each. */
const MAX_COMPLETE = 1_000;

/** What ends an upload: other bytes would be needed. */
const HOPELESS: ReadonlySet<ServerErrorCode> = new Set(['package-corrupt', 'package-not-upgrade', 'upload-digest']);

/** The one that sends bytes of an upload, or makes a package of them. */
interface Writer {
  readonly work: Promise<Upload>;
  readonly bytes: Incoming;
  readonly progress: Progress;
}

interface Progress {
  /** All bytes are there: nothing that a connection does can change the outcome any more. */
  isFinishing: boolean;
  /** Why it was ended by us. */
  ended: FotaServerError | undefined;
}

/** Opens what the last run has left. */
export async function openUploads(ports: UploadPorts): Promise<Uploads> {
  const { store, now, later, limits } = ports;
  const uploads = new Map((await store.uploads()).map((upload) => [upload.id, upload]));
  const writers = new Map<string, Writer>();
  let closed = false;

  const known = (id: string): StoredUpload => {
    const upload = uploads.get(id);
    if (upload !== undefined && (upload.expiresAt > now() || writers.has(id))) return upload;
    throw unknownUpload(id);
  };

  const keep = async (upload: StoredUpload): Promise<StoredUpload> => {
    const touched = { ...upload, expiresAt: now() + KEPT_MS };
    uploads.set(upload.id, touched);
    await store.keep(touched);
    return touched;
  };

  const drop = async (upload: StoredUpload): Promise<void> => {
    uploads.delete(upload.id);
    await store.remove(upload);
  };

  /** Removes what has expired, and the oldest of too many that are complete. */
  const sweep = async (): Promise<void> => {
    const idle = [...uploads.values()].filter(({ id }) => !writers.has(id));
    const complete = idle.filter(({ taken }) => taken !== undefined).sort((a, b) => b.expiresAt - a.expiresAt);
    const expired = idle.filter(({ expiresAt }) => expiresAt <= now());
    for (const upload of new Set([...expired, ...complete.slice(MAX_COMPLETE)])) await drop(upload);
  };

  const finish = async (upload: StoredUpload): Promise<Upload> => {
    try {
      const { sha256, size, inspection } = await ports.takeIn(store.read(upload), upload.fileName);
      return offsetIn(await keep({ ...upload, taken: { sha256, size, inspection } }), size);
    } catch (error) {
      if (error instanceof FotaServerError && HOPELESS.has(error.code)) {
        await drop(upload).catch(ports.onProblem);
      }
      throw error;
    }
  };

  const advance = async (id: string, sent: number, bytes: Incoming, progress: Progress): Promise<Upload> => {
    const upload = known(id);
    const before = upload.taken === undefined ? await store.received(upload) : upload.size;
    if (sent !== before) throw misplaced(sent, before);
    if (upload.taken !== undefined) return offsetIn(upload, upload.size);
    await store.append(upload, bytes);
    const offset = await store.received(upload);
    const touched = now() + KEPT_MS - upload.expiresAt < STEP_MS ? upload : await keep(upload);
    if (offset < upload.size) return offsetIn(touched, offset);
    progress.isFinishing = true;
    return finish(touched);
  };

  const sweepLater = (): ReturnType<Later> =>
    later(SWEEP_MS, () => {
      sweep().catch(ports.onProblem);
      timer = sweepLater();
    });
  let timer = sweepLater();
  await sweep();

  return {
    async create({ owner, fileName = '', size, sha256 }) {
      if (closed) throw closing();
      if (size === 0) throw new FotaServerError('package-empty', 'the file has no bytes');
      if (size > limits.maxPackageBytes) {
        const { maxPackageBytes: most } = limits;
        throw new FotaServerError('upload-too-large', `the file has ${size} bytes, the server takes ${most} at most`);
      }
      await sweep();
      const open = [...uploads.values()].filter(({ taken }) => taken === undefined);
      if (open.length >= limits.maxOpenUploads) {
        throw new FotaServerError('uploads-full', `${open.length} uploads are open`);
      }
      const id = ports.newId();
      const made = { id, owner, fileName, size, sha256, expiresAt: 0, taken: undefined };
      try {
        return offsetIn(await keep(made), 0);
      } catch (error) {
        uploads.delete(id);
        throw error;
      }
    },

    async upload(id) {
      const upload = known(id);
      return offsetIn(upload, upload.taken === undefined ? await store.received(upload) : upload.size);
    },

    owner: (id) => known(id).owner,

    async append(id, sent, bytes) {
      for (;;) {
        if (closed) throw closing();
        const { size } = known(id);
        const other = writers.get(id);
        if (other === undefined) break;
        if (other.progress.isFinishing && sent === size) return other.work;
        await end(other, superseded());
      }
      // From here to `set` nothing is awaited: there is one writer an upload.
      const progress: Progress = { isFinishing: false, ended: undefined };
      const work = Promise.resolve()
        .then(() => advance(id, sent, bytes, progress))
        .catch((error) => {
          throw progress.ended ?? error;
        })
        .finally(() => writers.delete(id));
      writers.set(id, { work, bytes, progress });
      return work;
    },

    async remove(id) {
      for (let other = writers.get(id); other !== undefined; other = writers.get(id)) await end(other, superseded());
      await drop(known(id));
    },

    intake(id) {
      const { taken, fileName } = known(id);
      if (taken !== undefined) return { ...taken, fileName };
      throw new FotaServerError('upload-incomplete', 'the upload is not complete');
    },

    async close() {
      closed = true;
      timer.cancel();
      await Promise.all([...writers.values()].map((writer) => end(writer, closing())));
    },
  };
}

/** Ends a writer, or waits for the end of one that needs no more bytes. */
async function end({ progress, bytes, work }: Writer, why: FotaServerError): Promise<void> {
  if (!progress.isFinishing) {
    progress.ended = why;
    bytes.destroy();
  }
  await work.catch(() => undefined);
}

/** The same words whether an upload is not there, or not for the one who asks. */
export function unknownUpload(id: string): FotaServerError {
  return new FotaServerError('upload-unknown', `no upload has the id "${id.slice(0, 64)}"`);
}

function superseded(): FotaServerError {
  return new FotaServerError('upload-superseded', 'another request goes on with this upload');
}

function misplaced(sent: number, offset: number): FotaServerError {
  const detail = `the upload has ${offset} bytes, and the request goes on at ${sent}`;
  return new FotaServerError('upload-offset', detail, undefined, { offset });
}

function closing(): FotaServerError {
  return new FotaServerError('closed', 'the server is closing or closed');
}

function offsetIn(upload: StoredUpload, offset: number): Upload {
  return { ...upload, offset };
}
