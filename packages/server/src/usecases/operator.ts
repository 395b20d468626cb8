/** What an operator can do and see. The admin side, the command and the tests all come through here. */
import type { Identity } from '@libfota2/protocol';
import type { Package, Project, Release, ReleaseState } from '../domain/catalogue.ts';
import { type Access, isUsableId } from '../domain/decide.ts';
import { FotaServerError } from '../domain/errors.ts';
import { type Explanation, explain } from '../domain/explain.ts';
import type { Inspection } from '../domain/inspection.ts';
import { NO_PROFILE, type Profile, type ProfileChange } from '../domain/profile.ts';
import type { RingListing, WantedRing } from '../domain/trust.ts';
import type {
  DeviceFilter,
  DeviceListing,
  DeviceRecord,
  DeviceStore,
  LogFilter,
  Now,
  PackageInspector,
  PackageStore,
  Page,
  PageRequest,
  StoredLogEntry,
} from '../ports.ts';
import type { Catalogue } from './catalogue.ts';
import type { CheckIns } from './check-in.ts';
import type { Fleet } from './fleet.ts';
import type { Profiles } from './profiles.ts';
import { releaseAll } from './retrying.ts';

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
  /**
   * The core that devices run afterwards, such as `V2013`, where the version is the x.y.z of a LuatOS script; `none` where
   * they tell that version as it is. Default: as content and file name propose.
   */
  readonly core?: string | undefined;
  /** `any`, or the core that a device must run for this package to fit. Default: `any`. */
  readonly source?: string | undefined;
  readonly notes?: string | undefined;
  /** Default false: devices hear of it at once. */
  readonly draft?: boolean | undefined;
  /** Default false. Devices below its version must pass through it. */
  readonly floor?: boolean | undefined;
  /** Publishes although name or version contradict the content. Default false. */
  readonly despiteContradictions?: boolean | undefined;
  /** The text of its signature, by minisign's format (docs/protocol.md §13.1). What it says holds where name and version are left out. */
  readonly signature?: string | undefined;
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
  /** As if it had the key ring of this number; 0: none. */
  readonly keyRing?: number | undefined;
}

/** A device with one firmware, or one that never asked, and what operators say of it. */
export interface KnownDevice extends DeviceListing {
  readonly profile: Profile;
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
  /** Whose signatures its devices believe. @throws FotaServerError `project-unknown`, `key-ring-none` */
  keyRing(name: string): RingListing;
  /**
   * Sets the first key ring, or the next one; the present one again changes nothing. From then on nothing unsigned is published.
   * @throws FotaServerError `project-unknown`, `key-ring-malformed`, `key-ring-mismatch`, `signature-missing`,
   *   `signature-malformed`, `signature-unknown-key`, `signature-invalid`, `manifest-malformed`, `disk-full`, `data-dir-unusable`
   */
  setKeyRing(name: string, wanted: WantedRing): Promise<RingListing>;

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
   *   `core-invalid`, `core-missing`, `source-missing`, `notes-too-long`, `package-contradicts`, `version-taken`, `release-exists`, `release-published`,
   *   `signature-missing`, `signature-malformed`, `signature-unknown-key`, `signature-invalid`, `manifest-malformed`,
   *   `manifest-mismatch`, `manifest-expired`, `package-damaged`, `disk-full`, `data-dir-unusable`
   */
  publish(publication: Publication): Promise<Published>;
  /**
   * Lets devices hear of a draft.
   * @throws FotaServerError `release-unknown`, `release-withdrawn`; with a key ring the codes of signatures, as `publish`
   */
  publishDraft(id: number): Promise<Release>;
  /** Devices hear of it no more; those that are being sent it may finish. @throws FotaServerError `release-unknown` */
  withdraw(id: number): Promise<Release>;
  /** Whether devices below its version must pass through it. @throws FotaServerError `release-unknown`, `disk-full`, `data-dir-unusable` */
  setFloor(id: number, isFloor: boolean): Promise<Release>;

  devices(filter: DeviceFilter, page: PageRequest): Promise<Page<KnownDevice>>;
  /** One item a firmware. @throws FotaServerError `device-unknown`, `project-unknown` */
  device(project: string, id: string): Promise<readonly KnownDevice[]>;
  /**
   * Blocks a device, allows it (which also releases it from an upgrade loop), or takes the word back. The device need
   * not have asked yet. @throws FotaServerError `project-unknown`, `id-invalid`
   */
  setAccess(project: string, id: string, access: Access): Promise<readonly KnownDevice[]>;
  /**
   * Lets a device that is held for an upgrade loop have packages again; the word on it stays. One that is not held stays as
   * it is. Durable once resolved.
   * @throws FotaServerError `project-unknown`, `device-unknown`, `disk-full`, `data-dir-unusable`
   */
  releaseDevice(project: string, id: string): Promise<readonly KnownDevice[]>;
  /**
   * Labels a device, notes something about it, pins it to a version. The device need not have asked yet. Durable once
   * resolved.
   * @throws FotaServerError `project-unknown`, `id-invalid`, `label-invalid`, `labels-too-many`, `note-invalid`,
   *   `version-invalid`, `disk-full`, `data-dir-unusable`
   */
  changeProfile(project: string, id: string, change: ProfileChange): Promise<readonly KnownDevice[]>;

  /**
   * Forgets a device, and all that operators said of it; the log stays. Where it asks again it is new. Durable once resolved.
   * @throws FotaServerError `project-unknown`, `device-unknown`, `disk-full`, `data-dir-unusable`
   */
  forgetDevice(project: string, id: string): Promise<void>;

  log(filter: LogFilter, page: PageRequest): Promise<Page<StoredLogEntry>>;
  /**
   * What the device would be answered now, and why, without touching anything.
   * @throws FotaServerError `project-unknown`, `question-incomplete`
   */
  explain(request: ExplainRequest): Explanation;
}

export function createOperator(ports: {
  readonly catalogue: Catalogue;
  /** What a device would be answered now. */
  readonly look: CheckIns['look'];
  readonly fleet: Fleet;
  readonly profiles: Profiles;
  readonly devices: Pick<DeviceStore, 'list' | 'log'>;
  readonly packages: Pick<PackageStore, 'put'>;
  readonly inspector: PackageInspector;
  readonly now: Now;
}): Operator {
  const { catalogue, look, fleet, profiles, devices, packages, inspector, now } = ports;

  const all = (project: string, id: string): KnownDevice[] => {
    const [access, profile] = [fleet.access(project, id), profiles.profile(project, id)];
    const records = fleet.recordsOf(project, id);
    if (records.length > 0) return records.map((record) => ({ project, id, access, profile, record }));
    return [{ project, id, access, profile, record: undefined }];
  };

  const known = (project: string, id: string): readonly KnownDevice[] => {
    const found = all(catalogue.project(project).name, id);
    const isKnown = found.some(
      ({ access, profile, record }) => record !== undefined || access !== 'default' || profile !== NO_PROFILE,
    );
    if (isKnown) return found;
    throw new FotaServerError('device-unknown', `no device of "${project}" calls itself "${id.slice(0, 128)}"`);
  };

  /** The name of the project. @throws FotaServerError `project-unknown`, `id-invalid` */
  const checked = (project: string, id: string): string => {
    const { name } = catalogue.project(project);
    if (isUsableId(id)) return name;
    throw new FotaServerError('id-invalid', `${JSON.stringify(id.slice(0, 128))} is no device id`);
  };

  return {
    ...catalogue,
    counts: () => ({
      projects: catalogue.projects().length,
      releases: catalogue.releases({ project: undefined, firmwareName: undefined, state: undefined }).length,
      devices: fleet.size,
    }),

    async takeIn(bytes, fileName = '') {
      let inspection: Inspection | undefined;
      const stored = await packages.put(bytes, async (source) => {
        inspection = await inspector.inspect(source, fileName === '' ? undefined : fileName);
      });
      if (inspection === undefined) throw new Error('a package was stored without being looked at');
      return { ...stored, fileName: fileName.slice(0, 255), inspection };
    },

    async devices(filter, page) {
      const { items, cursor } = await devices.list(filter, page);
      // The store lags behind by what waits for its group.
      const fresh = items.map((item) => {
        const { project, id, record } = item;
        const profile = profiles.profile(project, id);
        return { ...item, profile, record: record && (fleet.record(project, id, record.firmwareName) ?? record) };
      });
      return { items: fresh, cursor };
    },

    device: async (project, id) => known(project, id),

    async setAccess(project, id, access) {
      const name = checked(project, id);
      await fleet.setAccess({ project: name, id, access, at: now() });
      return all(name, id);
    },

    async releaseDevice(project, id) {
      known(project, id);
      const { name } = catalogue.project(project);
      await releaseAll(fleet, [{ project: name, id }], now);
      return all(name, id);
    },

    async changeProfile(project, id, change) {
      const name = checked(project, id);
      const [unchanged] = await profiles.change([{ project: name, id, change }]);
      if (unchanged !== undefined) throw unchanged.error;
      return all(name, id);
    },

    async forgetDevice(project, id) {
      known(project, id);
      const device = { project: catalogue.project(project).name, id };
      await profiles.forget([device]);
      await fleet.forget(device);
    },

    async log(filter, page) {
      // The log can also be read while nothing can be written, which is then told as a problem of the server.
      await fleet.settle().catch(() => undefined);
      return devices.log(filter, page);
    },

    explain(request) {
      const { key, name } = catalogue.project(request.project);
      const heardOf = catalogue
        .releases({ project: name, firmwareName: undefined, state: undefined })
        .filter(({ state }) => state !== 'draft')
        .map(({ firmwareName }) => firmwareName);
      const asked = questionOf(request, fleet.recordsOf(name, request.id), [...new Set(heardOf)]);
      const record = fleet.record(name, request.id, asked.firmwareName ?? '');
      const keyRing = (request.keyRing ?? record?.keyRing) || undefined;
      const question = { projectKey: key, keyRing, ...asked };
      const { decision, circumstances, plan, now: at } = look(question);
      return explain(question, plan, circumstances, decision, at);
    },
  };
}

/** What the device would ask: as it did last, but for what the operator supposes; of one firmware there is no choice. */
function questionOf(request: ExplainRequest, records: readonly DeviceRecord[], firmwares: readonly string[]): Identity {
  const { id, firmwareName, version } = request;
  const fitting = records.filter((record) => firmwareName === undefined || record.firmwareName === firmwareName);
  const last = fitting.toSorted((a, b) => b.lastSeenAt - a.lastSeenAt)[0];
  const only = firmwares.length === 1 ? firmwares[0] : undefined;
  const asked = { firmwareName: firmwareName ?? last?.firmwareName ?? only, version: version ?? last?.version };
  if (asked.firmwareName === undefined || asked.version === undefined) {
    const who = JSON.stringify(id.slice(0, 128));
    throw new FotaServerError('question-incomplete', `${who} has not asked yet, so nobody knows what it would tell`);
  }
  return { idKind: last?.idKind ?? 'imei', id, ...asked };
}
