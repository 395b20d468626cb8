/** What the use cases need of the world. Each port is one capability; adapters lie in `adapters`. */
import type { Package, Project, Release } from './domain/catalogue.ts';
import type { Device, Rule } from './domain/decide.ts';

/** Projects and releases. What is added is durable, also against a power cut, when the promise resolves. */
export interface CatalogueStore {
  projects(): Promise<readonly Project[]>;
  releases(): Promise<readonly Release[]>;
  /** @throws FotaServerError `project-exists`, `disk-full`, `data-dir-unusable` */
  addProject(project: Project, at: number): Promise<void>;
  /**
   * Adds a release, or resolves to the one that has this version already (`01.0` is `1.0.0`).
   * @throws FotaServerError `disk-full`, `data-dir-unusable`
   */
  addRelease(release: Release): Promise<Release>;
}

/** One answered question, as the upgrade log keeps it. */
export interface CheckIn {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly device: Device;
  /** Whether the device itself is remembered, too. */
  readonly registered: boolean;
  /** 0: the release was sent; 304: the device holds it already; else the platform's code of the refusal. */
  readonly code: number;
  readonly rule: Rule;
  readonly release: Release | undefined;
}

/** What is remembered of devices. Survives kill -9 once the promise resolves; a power cut may take the last moments. */
export interface DeviceStore {
  /** Registers the device, writes the log, and notes the release as the one that the device is being sent. */
  record(checkIn: CheckIn): Promise<void>;
  /** The release that this device was last sent. */
  offered(device: Device): Promise<Release | undefined>;
  /** The newest rows of the upgrade log, newest first. */
  log(limit: number): Promise<readonly CheckIn[]>;
}

/** A package that was found whole when it was opened. Must be read or closed. */
export interface OpenPackage {
  /** The bytes from `first` to `last`, both inclusive. Closes the package at its end, and when its reader leaves. */
  read(first: number, last: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Packages by content. */
export interface PackageStore {
  /**
   * Stores the bytes durably; the same bytes are stored once.
   * @throws FotaServerError `package-empty`, `disk-full`, `data-dir-unusable`; whatever `bytes` throws
   */
  put(bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Package>;
  /** Opens a package after checking its size and hash. @throws FotaServerError `package-damaged` */
  open(wanted: Package): Promise<OpenPackage>;
}

/** Milliseconds since 1970. */
export type Now = () => number;
