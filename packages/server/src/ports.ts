/** What the use cases need of the world. Each port is one capability; adapters lie in `adapters`. */
import type { Attempt } from './domain/attempt.ts';
import type { NewRelease, Package, Project, Release, ReleasePackage, ReleaseState } from './domain/catalogue.ts';
import type { Access, Deliveries, Device, Rule } from './domain/decide.ts';
import type { Inspection, PackageSource } from './domain/inspection.ts';
import type { Spent } from './domain/rollout.ts';

/** Projects and releases. What is written is durable, also against a power cut, when the promise resolves. */
export interface CatalogueStore {
  /** In the order of their making. */
  projects(): Promise<readonly Project[]>;
  /** In the order of their making, the packages of each in the order of their sources. */
  releases(): Promise<readonly Release[]>;
  /** @throws FotaServerError `project-exists` (name or key), `disk-full`, `data-dir-unusable` */
  addProject(project: Project): Promise<void>;
  /**
   * Replaces what may change of a project: its keys, `registration`, `refusals`, its key rings.
   * @throws FotaServerError `project-exists` where a key is another project's, `disk-full`, `data-dir-unusable`
   */
  updateProject(project: Project): Promise<void>;
  /** @throws FotaServerError `disk-full`, `data-dir-unusable` */
  addRelease(release: NewRelease): Promise<Release>;
  /**
   * `publishedAt`: publishes the release in the same write.
   * @throws FotaServerError `disk-full`, `data-dir-unusable`
   */
  addPackage(release: Release, added: ReleasePackage, publishedAt?: number): Promise<Release>;
  /** Gives the package for this source a signature, in place of the one that it has. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  setSignature(release: Release, source: string, signature: string): Promise<Release>;
  /** @throws FotaServerError `disk-full`, `data-dir-unusable` */
  setState(release: Release, state: ReleaseState, at: number): Promise<Release>;
  /** @throws FotaServerError `disk-full`, `data-dir-unusable` */
  setFloor(release: Release, isFloor: boolean): Promise<Release>;
}

/** The package that a device is being sent: what a resume goes on with, whatever is on offer by then. */
export interface Sent extends Package {
  readonly release: number;
  readonly version: string;
  /** The version that the device told when it asked. */
  readonly told: string;
  /**
   * Until then nobody knows which of two packages a device of this id and version is in the midst of: milliseconds since
   * 1970; 0: always clear.
   */
  readonly doubtfulUntil: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What is remembered of one device with one firmware. */
export interface DeviceRecord extends Device {
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** Questions, resumes not counted. */
  readonly asked: number;
  /** The rule that answered last. */
  readonly rule: Rule;
  readonly sent: Sent | undefined;
  readonly deliveries: Deliveries | undefined;
  /** The latest; `undefined`: it was offered nothing yet. */
  readonly attempt: Attempt | undefined;
  readonly spent: Spent | undefined;
  /** By what its last reports are known again, the newest last, with a blank between them; empty: it never reported. */
  readonly reported: string;
  /** The number of the key ring that it told with its last question; 0: none. */
  readonly keyRing: number;
}

/** An attempt, and whose it is. */
export interface StoredAttempt extends Attempt, DeviceName {
  readonly firmwareName: string;
}

/** An operator's word on a device. */
export interface DeviceAccess {
  readonly project: string;
  readonly id: string;
  readonly access: Access;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What happened, as the upgrade log keeps it. */
export type LogEvent =
  /** A package was promised; code 0. */
  | 'offered'
  /** The rest of a package was promised; code 0. */
  | 'resumed'
  /** The last byte of a package went to the network. */
  | 'sent'
  /** The connection ended before the last byte of a package. */
  | 'broken'
  /** The device holds the package already; code 304. */
  | 'held'
  /** The device was told of a package, which is promised once it fetches it; code 0. Not where it was told so last time. */
  | 'checked'
  /** The device said of its own accord how far it is; the code is its own number. */
  | 'reported'
  /** There was no upgrade, by another rule than last time; the code is the platform's. */
  | 'refused'
  /** The device tells the version that it was sent. */
  | 'confirmed'
  /** It took a whole package and tells its old version again, or reported so. */
  | 'failed'
  /** It told the new version, or reported it installed, and tells an older one again. */
  | 'rolled-back'
  /** Nothing was heard of it for too long. */
  | 'silent'
  /** A request was not understood, or was too much; the code is the HTTP status. */
  | 'unreadable';

export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly event: LogEvent;
  readonly device: Device;
  readonly code: number;
  readonly rule: Rule | undefined;
  readonly release: number | undefined;
  /** The release's version, for people. */
  readonly releaseVersion: string | undefined;
  /** Bytes sent, of `sent` and `broken`; the first byte asked for, of `resumed`. */
  readonly bytes: number | undefined;
  /** What came, of `unreadable`: bounded and printable. How many times, where several were gathered. */
  readonly detail: string | undefined;
}

export interface StoredLogEntry extends LogEntry {
  /** Grows with each entry. */
  readonly id: number;
}

/** A part of a list, and where the next part begins. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Give it to get the next part; `undefined` at the end. */
  readonly cursor: string | undefined;
}

export interface PageRequest {
  /** 1 to 1000. */
  readonly limit: number;
  readonly cursor: string | undefined;
}

export interface DeviceFilter {
  readonly project: string | undefined;
  /** Only of these projects. Default: of all. */
  readonly within?: readonly string[] | undefined;
  readonly firmwareName: string | undefined;
  readonly access: Access | undefined;
  /** Of the id: its beginning. */
  readonly idPrefix: string | undefined;
}

export interface LogFilter {
  readonly project: string | undefined;
  /** Only of these projects. Default: of all, and of requests that name none. */
  readonly within?: readonly string[] | undefined;
  readonly firmwareName: string | undefined;
  readonly deviceId: string | undefined;
  readonly event: LogEvent | undefined;
  /** Only entries after this one. */
  readonly after: number | undefined;
}

/** A device as an operator sees it: with its record, or only an operator's word where it never asked. */
export interface DeviceListing {
  readonly project: string;
  readonly id: string;
  readonly access: Access;
  readonly record: DeviceRecord | undefined;
}

/** A device, whatever firmware it asks for. */
export type DeviceName = Pick<Device, 'project' | 'id'>;

/** A group of things to remember, and to forget: all of it is written, or nothing. */
export interface DeviceGroup {
  /** Of these everything but the log is gone, before the rest is written. Default: none. */
  readonly forgotten?: readonly DeviceName[];
  /** Attempts whose place another has taken, as they ended. Those of `records` are written after them. Default: none. */
  readonly former?: readonly StoredAttempt[];
  readonly records: readonly DeviceRecord[];
  /** Of these only when and how often they asked has changed since they were written. Default: none. */
  readonly idle?: readonly DeviceRecord[];
  readonly access: readonly DeviceAccess[];
  readonly log: readonly LogEntry[];
}

/** What is remembered of devices. */
export interface DeviceStore {
  /** Everything, once, at the start. */
  records(): AsyncIterable<DeviceRecord> | Iterable<DeviceRecord>;
  accesses(): Promise<readonly DeviceAccess[]>;
  /**
   * Durable when the promise resolves, against what is named: the end of this process, or also a power cut.
   * @throws FotaServerError `disk-full`, `data-dir-unusable`
   */
  write(group: DeviceGroup, against: 'kill' | 'power-cut'): Promise<void>;
  /** By project, id and firmware name. @throws FotaServerError `cursor-invalid` */
  list(filter: DeviceFilter, page: PageRequest): Promise<Page<DeviceListing>>;
  /** The newest first. @throws FotaServerError `cursor-invalid` */
  log(filter: LogFilter, page: PageRequest): Promise<Page<StoredLogEntry>>;
}

/** A package that was found whole when it was opened. Must be read or closed. */
export interface OpenPackage {
  /**
   * The bytes from `first` to `last`, both inclusive; a piece is valid until the next is asked for. Closes the package at
   * its end, and when its reader leaves.
   */
  read(first: number, last: number): AsyncIterable<Uint8Array>;
  /** The same bytes at once, where they lie in memory; the package stays open until it is closed. */
  readonly slice?: (first: number, last: number) => Uint8Array;
  close(): Promise<void>;
}

/** Packages by content. */
export interface PackageStore {
  /**
   * Stores the bytes durably; the same bytes are stored once. `check` sees the whole before it is stored: what it throws
   * ends the storing, and nothing is kept.
   * @throws FotaServerError `package-empty`, `disk-full`, `data-dir-unusable`; whatever `bytes` and `check` throw
   */
  put(
    bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    check?: (source: PackageSource) => Promise<void>,
  ): Promise<Package>;
  /** Opens a package after checking its size and hash. @throws FotaServerError `package-damaged` */
  open(wanted: Package): Promise<OpenPackage>;
}

/** Says what a package is, before devices hear of it. */
export interface PackageInspector {
  /** @throws FotaServerError `package-empty`, `package-corrupt`, `package-not-upgrade` */
  inspect(source: PackageSource, fileName?: string): Promise<Inspection>;
}

/** A file that is being uploaded, besides its bytes. */
export interface StoredUpload {
  /** Letters and digits that nobody can guess. */
  readonly id: string;
  /** Empty where it has no name. */
  readonly fileName: string;
  /** Bytes, as announced. */
  readonly size: number;
  /** As announced; lower-case hex. */
  readonly sha256: string | undefined;
  /** Who began it, see `ownerOf`. */
  readonly owner: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** The package that it became, once all of it was there. */
  readonly taken: (Package & { readonly inspection: Inspection }) | undefined;
}

/** Uploads and the bytes that came of them. Only one `append` an upload at a time. */
export interface UploadStore {
  /** All that are kept. What cannot be read any more is removed. */
  uploads(): Promise<readonly StoredUpload[]>;
  /** Durable when resolved. The bytes of an upload that was taken go. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  keep(upload: StoredUpload): Promise<void>;
  /** How many bytes came. */
  received(upload: StoredUpload): Promise<number>;
  /**
   * Writes on at the end. Durable when resolved; what came before a failure stays.
   * @throws FotaServerError `upload-overrun`, `disk-full`, `data-dir-unusable`; whatever `bytes` throws
   */
  append(upload: StoredUpload, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** The bytes that came. @throws FotaServerError `upload-digest` after the last of them, `data-dir-unusable` */
  read(upload: StoredUpload): AsyncIterable<Uint8Array>;
  remove(upload: StoredUpload): Promise<void>;
}

/** Milliseconds since 1970. */
export type Now = () => number;

/** Calls `work` once after `ms` milliseconds, unless cancelled. */
export type Later = (ms: number, work: () => void) => { cancel(): void };
