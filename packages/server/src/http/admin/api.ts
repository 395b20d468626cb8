/** The JSON of the admin API, as its clients read it. Times are ISO 8601; what is not known is left out. */
import type { IdKind } from '@libfota2/protocol';
import type { Project, ReleasePackage, ReleaseState } from '../../domain/catalogue.ts';
import type { Access, Rule } from '../../domain/decide.ts';
import type { LineProblem, ServerErrorCode } from '../../domain/errors.ts';
import type { EventData, EventType } from '../../domain/event.ts';
import type { Inspection } from '../../domain/inspection.ts';
import type { Grant } from '../../domain/principal.ts';
import type { Proposed } from '../../domain/proposal.ts';
import type { LogEvent } from '../../ports.ts';
import type { ApiLastAttempt, ApiStop } from './rollout-api.ts';

/** RFC 9457, as `application/problem+json`. */
export interface ApiProblem {
  /** `urn:fota:` and the code. */
  readonly type: string;
  /** What the code means. */
  readonly title: string;
  readonly status: number;
  /** What happened this time. */
  readonly detail: string;
  /** Stable, of docs/errors.md. */
  readonly code: ServerErrorCode;
  /** What to do about it. */
  readonly remedy: string;
  /** Of `upload-offset`: how far the upload is. */
  readonly offset?: number;
  /** Of `version-taken`: the next version that is free. */
  readonly nextFreeVersion?: string;
  /** Of `query-invalid`: where in the query, from 0. */
  readonly position?: number;
  /** Of `query-invalid`: what was probably meant. */
  readonly suggestion?: string;
  /** Of `table-invalid`: the first of what is wrong with which lines, and how much is. */
  readonly problems?: readonly LineProblem[];
  readonly wrong?: number;
}

export interface ApiPage<Item> {
  readonly items: readonly Item[];
  /** Gets the next part of the list; left out at its end. */
  readonly cursor?: string;
}

export interface ApiStatus {
  readonly version: string;
  /** Version of Node; as what else concerns the machine, null for those who are no operators of all projects. */
  readonly node: string | null;
  readonly startedAt: string;
  /** As `node`. */
  readonly dataDir: string | null;
  /** For clients on its machine. Null where it does not listen. */
  readonly deviceUrl: string | null;
  /** The same over TLS. */
  readonly deviceTlsUrl: string | null;
  /** The address that it listens on for devices, such as `0.0.0.0`; as `node`. */
  readonly deviceHost: string | null;
  /** Where LuatOS devices ask besides the platform's path, as configured. */
  readonly paths: readonly string[];
  /** As `node`. */
  readonly adminUrl: string | null;
  /** What is shown over TLS; that of `admin` as `node`. */
  readonly certificates: { readonly devices: ApiCertificate | null; readonly admin: ApiCertificate | null };
  readonly counts: ApiCounts;
  /** Whether all upgrades are stopped. */
  readonly stop: ApiStop;
  /** Signed releases on offer that may be taken for 14 more days at most, or no more; the first end first. */
  readonly expiring: readonly ApiExpiry[];
  /** The newest first; none for those who do not see all projects. */
  readonly problems: readonly ApiStatusProblem[];
}

/** Until when a release may be taken, by its signatures. */
export interface ApiExpiry {
  readonly release: number;
  readonly project: string;
  readonly firmwareName: string;
  readonly version: string;
  readonly notAfter: string;
  readonly hasPassed: boolean;
}

export interface ApiCertificate {
  /** Whom it is for, such as `DNS:fota.example.com`. */
  readonly names: string;
  readonly validFrom: string;
  readonly expiresAt: string;
  /** SHA-256, in hex with colons. */
  readonly fingerprint: string;
}

export interface ApiCounts {
  readonly projects: number;
  readonly releases: number;
  /** Each counted once a firmware. Left out for those who do not see all projects. */
  readonly devices?: number;
}

export interface ApiStatusProblem {
  readonly at: string;
  readonly code: string | null;
  readonly message: string;
}

export interface ApiProject extends Omit<Project, 'createdAt' | 'keyRings'> {
  /** The number of its key ring. Null: it has none, and its releases need no signature. */
  readonly keyRing: number | null;
  readonly createdAt: string;
}

export interface ApiUpload {
  readonly id: string;
  readonly fileName: string;
  /** Bytes, as announced. */
  readonly size: number;
  /** Bytes that came. */
  readonly offset: number;
  readonly state: 'open' | 'complete';
  /** Of an open upload as announced, of a complete one as it is. */
  readonly sha256?: string;
  /** Of a complete one. */
  readonly inspection?: Inspection;
  readonly proposal?: ApiProposal;
  readonly expiresAt: string;
}

/** How the package might be published, and where that was read. */
export interface ApiProposal {
  readonly firmwareName?: Proposed;
  readonly version?: Proposed;
  /** The core that devices run afterwards. */
  readonly core?: Proposed;
  /** The core that devices must run to take it. */
  readonly sourceCore?: Proposed;
}

export interface ApiRelease {
  readonly id: number;
  readonly project: string;
  readonly firmwareName: string;
  readonly version: string;
  readonly core?: string;
  /** What a device that runs it sends as `version`. */
  readonly wireVersion: string;
  readonly state: ReleaseState;
  readonly notes: string;
  /** Devices below its version must pass through it. */
  readonly isFloor: boolean;
  readonly packages: readonly ReleasePackage[];
  readonly createdAt: string;
  readonly publishedAt?: string;
  readonly withdrawnAt?: string;
}

/** How many devices ran which version, and when. */
export interface ApiVersionHistory {
  readonly stepHours: number;
  /** When it was counted. */
  readonly hours: readonly string[];
  readonly series: ReadonlyArray<{
    readonly firmwareName: string;
    readonly version: string;
    /** At each of the hours. */
    readonly devices: readonly number[];
    /** Those of them that asked within the day before. */
    readonly seen: readonly number[];
  }>;
}

export interface ApiPublished {
  readonly release: ApiRelease;
  /** False where the very same was published before. */
  readonly isNew: boolean;
  readonly warnings: readonly string[];
}

export interface ApiRecord {
  readonly firmwareName: string;
  readonly idKind: IdKind;
  readonly version: string;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  /** Questions, resumes not counted. */
  readonly asked: number;
  /** The rule that answered last. */
  readonly rule: Rule;
  readonly sent?: ApiSent;
  readonly deliveries?: ApiDeliveries;
  /** The last one. */
  readonly attempt?: ApiLastAttempt;
  /** The number of the key ring that it told last; left out: none. */
  readonly keyRing?: number;
}

/** The package that a device was sent last. */
export interface ApiSent {
  readonly release: number;
  readonly version: string;
  readonly sha256: string;
  readonly size: number;
  readonly at: string;
}

/** Deliveries of one package to a device that kept its version. */
export interface ApiDeliveries {
  readonly sha256: string;
  readonly version: string;
  readonly count: number;
  readonly since: string;
}

/** What operators say of a device. */
export interface ApiProfile {
  readonly access: Access;
  /** In the order of their letters. */
  readonly labels: readonly string[];
  readonly note?: string;
  /** The only version that it may get. */
  readonly pin?: ApiPin;
}

export interface ApiPin {
  readonly version: string;
  /** Also where the device runs a higher one. */
  readonly mayDowngrade: boolean;
}

/** A device with one firmware, or one that never asked. */
export interface ApiDeviceListing extends ApiProfile {
  readonly project: string;
  readonly id: string;
  readonly record?: ApiRecord;
}

/** A device with every firmware that it asked for. */
export interface ApiDevice extends ApiProfile {
  readonly project: string;
  readonly id: string;
  readonly records: readonly ApiRecord[];
}

export interface ApiLogEntry {
  readonly id: number;
  readonly at: string;
  readonly event: LogEvent;
  readonly project: string;
  readonly firmwareName: string;
  readonly deviceId: string;
  readonly version: string;
  readonly code: number;
  readonly rule?: Rule;
  readonly release?: number;
  readonly releaseVersion?: string;
  readonly bytes?: number;
  readonly detail?: string;
}

/** What happened; also what a webhook is sent. */
export interface ApiEvent {
  /** Grows with each event, and is never used again. */
  readonly id: number;
  readonly at: string;
  readonly type: EventType;
  /** Left out where it is about the whole server. */
  readonly project?: string;
  readonly data: { readonly [Key in keyof EventData]?: Exclude<EventData[Key], undefined> };
}

export interface ApiToken extends Grant {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  /** Then it ends. */
  readonly expiresAt?: string;
  /** Some minutes behind. */
  readonly lastUsedAt?: string;
}

export interface ApiNewToken extends ApiToken {
  /** Shown this once. */
  readonly token: string;
}
