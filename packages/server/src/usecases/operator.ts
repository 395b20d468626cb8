/** What an operator can do and see. The admin side, the command and the tests all come through here. */
import type { Package, Project, Release, ReleaseState } from '../domain/catalogue.ts';
import type { Access } from '../domain/decide.ts';
import type { Explanation } from '../domain/explain.ts';
import type { Inspection } from '../domain/inspection.ts';
import type { DeviceFilter, DeviceListing, LogFilter, Page, PageRequest, StoredLogEntry } from '../ports.ts';

/** A package in the store, and what it was found to be. */
export interface Intake extends Package {
  readonly fileName: string;
  readonly inspection: Inspection;
}

export interface NewProject {
  readonly name: string;
  /** One is made where it is left out. */
  readonly key?: string | undefined;
  /** Default `open`. */
  readonly registration?: Project['registration'] | undefined;
  /** Default `json`. */
  readonly refusals?: Project['refusals'] | undefined;
}

export interface Publication {
  /** The project's name. */
  readonly project: string;
  readonly intake: Intake;
  /** Default: as content and file name propose. */
  readonly firmwareName?: string | undefined;
  /** Default: as content and file name propose. */
  readonly version?: string | undefined;
  /** The core that devices run afterwards, such as `V2013`, where the version is the x.y.z of a LuatOS script. */
  readonly core?: string | undefined;
  /** `any`, or the core that a device must run for this package to fit. Default: `any`. */
  readonly source?: string | undefined;
  readonly notes?: string | undefined;
  /** Default false: devices hear of it at once. */
  readonly draft?: boolean | undefined;
  /** Publishes although name or version contradict the content. Default false. */
  readonly despiteContradictions?: boolean | undefined;
}

export interface Published {
  readonly release: Release;
  /** False where the very same was published before: nothing has changed. */
  readonly isNew: boolean;
  /** What an operator should know, in sentences. */
  readonly warnings: readonly string[];
}

export interface ReleaseFilter {
  readonly project: string | undefined;
  readonly firmwareName: string | undefined;
  readonly state: ReleaseState | undefined;
}

/** What to explain: the part that is left out is as the device told it last. */
export interface ExplainRequest {
  readonly project: string;
  readonly id: string;
  readonly firmwareName: string | undefined;
  readonly version: string | undefined;
}

export interface Counts {
  readonly projects: number;
  readonly releases: number;
  /** Devices, each counted once a firmware. */
  readonly devices: number;
}

export interface Operator {
  counts(): Counts;

  projects(): readonly Project[];
  /** @throws FotaServerError `project-unknown` */
  project(name: string): Project;
  /** @throws FotaServerError `name-invalid`, `key-invalid`, `project-exists`, `disk-full`, `data-dir-unusable` */
  createProject(wanted: NewProject): Promise<Project>;
  /** @throws FotaServerError `project-unknown`, `disk-full`, `data-dir-unusable` */
  updateProject(name: string, change: Partial<Pick<Project, 'registration' | 'refusals'>>): Promise<Project>;
  /**
   * Makes a new key the project's; devices may go on with the former ones.
   * @throws FotaServerError `project-unknown`, `key-invalid`, `project-exists`, `disk-full`, `data-dir-unusable`
   */
  rotateKey(name: string, key?: string): Promise<Project>;
  /** Takes a former key away from the devices that still send it. @throws FotaServerError `project-unknown`, `key-unknown` */
  revokeKey(name: string, key: string): Promise<Project>;

  /**
   * Stores bytes and says what they are; what is refused is not kept.
   * @throws FotaServerError `package-empty`, `package-corrupt`, `package-not-upgrade`, `disk-full`, `data-dir-unusable`;
   *   whatever `bytes` throws
   */
  takeIn(bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, fileName?: string): Promise<Intake>;

  /** In the order of their making, the newest first. */
  releases(filter: ReleaseFilter): readonly Release[];
  /** @throws FotaServerError `release-unknown` */
  release(id: number): Release;
  /**
   * Makes a release, or adds a package for another source to the live one of this version. Durable once resolved.
   * @throws FotaServerError `project-unknown`, `name-missing`, `version-missing`, `name-invalid`, `version-invalid`,
   *   `core-invalid`, `notes-too-long`, `package-contradicts`, `version-taken`, `release-exists`, `disk-full`,
   *   `data-dir-unusable`
   */
  publish(publication: Publication): Promise<Published>;
  /** Lets devices hear of a draft. @throws FotaServerError `release-unknown`, `release-withdrawn` */
  publishDraft(id: number): Promise<Release>;
  /** Devices hear of it no more; those that are being sent it may finish. @throws FotaServerError `release-unknown` */
  withdraw(id: number): Promise<Release>;

  devices(filter: DeviceFilter, page: PageRequest): Promise<Page<DeviceListing>>;
  /** One listing a firmware. @throws FotaServerError `device-unknown`, `project-unknown` */
  device(project: string, id: string): Promise<readonly DeviceListing[]>;
  /**
   * Blocks a device, allows it (which also releases it from an upgrade loop), or takes the word back. The device need
   * not have asked yet. @throws FotaServerError `project-unknown`, `id-invalid`
   */
  setAccess(project: string, id: string, access: Access): Promise<readonly DeviceListing[]>;

  log(filter: LogFilter, page: PageRequest): Promise<Page<StoredLogEntry>>;
  /** What the device would be answered now, and why, without touching anything. @throws FotaServerError `project-unknown` */
  explain(request: ExplainRequest): Explanation;
}
