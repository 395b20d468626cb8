/** The admin API as its answers are read here (/api/v1). */
import type { ShownInspection, ShownProposal } from '../output/inspection.ts';

export interface ApiPage<Item> {
  readonly items: readonly Item[];
  readonly cursor?: string;
}

export interface ApiStatus {
  readonly version: string;
  readonly node: string;
  readonly startedAt: string;
  readonly dataDir: string;
  readonly deviceUrl: string | null;
  readonly adminUrl: string | null;
  readonly counts: { readonly projects: number; readonly releases: number; readonly devices: number };
  readonly problems: ReadonlyArray<{ readonly at: string; readonly code: string | null; readonly message: string }>;
}

export interface ApiProject {
  readonly name: string;
  readonly key: string;
  readonly formerKeys: readonly string[];
  readonly registration: 'open' | 'closed';
  readonly refusals: 'json' | 'empty';
  readonly createdAt: string;
}

export interface ApiUpload {
  readonly id: string;
  readonly fileName: string;
  readonly size: number;
  readonly offset: number;
  readonly state: 'open' | 'complete';
  readonly sha256?: string;
  readonly inspection?: ShownInspection;
  readonly proposal?: ShownProposal;
  readonly expiresAt: string;
}

export interface ApiRelease {
  readonly id: number;
  readonly project: string;
  readonly firmwareName: string;
  readonly version: string;
  readonly core?: string;
  readonly wireVersion: string;
  readonly state: 'draft' | 'published' | 'withdrawn';
  readonly notes: string;
  readonly packages: ReadonlyArray<{
    readonly sha256: string;
    readonly size: number;
    readonly source: string;
    readonly fileName: string;
    readonly format: string;
  }>;
  readonly createdAt: string;
  readonly publishedAt?: string;
  readonly withdrawnAt?: string;
}

export interface ApiPublished {
  readonly release: ApiRelease;
  readonly isNew: boolean;
  readonly warnings: readonly string[];
}

export type ApiAccess = 'default' | 'blocked' | 'allowed';

export interface ApiRecord {
  readonly firmwareName: string;
  readonly idKind: string;
  readonly version: string;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly asked: number;
  readonly rule: string;
  readonly sent?: {
    readonly release: number;
    readonly version: string;
    readonly sha256: string;
    readonly size: number;
    readonly at: string;
  };
  readonly deliveries?: {
    readonly sha256: string;
    readonly version: string;
    readonly count: number;
    readonly since: string;
  };
}

export interface ApiDeviceListing {
  readonly project: string;
  readonly id: string;
  readonly access: ApiAccess;
  readonly record?: ApiRecord;
}

export interface ApiDevice {
  readonly project: string;
  readonly id: string;
  readonly access: ApiAccess;
  readonly records: readonly ApiRecord[];
}

export interface ApiLogEntry {
  readonly id: number;
  readonly at: string;
  readonly event: string;
  readonly project: string;
  readonly firmwareName: string;
  readonly deviceId: string;
  readonly version: string;
  readonly code: number;
  readonly rule?: string;
  readonly release?: number;
  readonly releaseVersion?: string;
  readonly bytes?: number;
  readonly detail?: string;
}

export interface ApiExplanation {
  readonly question: Readonly<Record<string, string | null | undefined>>;
  readonly answer: 'upgrade' | 'refused';
  readonly code: number;
  readonly rule: string;
  readonly msg?: string;
  readonly steps: ReadonlyArray<{ readonly rule: string; readonly decided: boolean; readonly says: string }>;
  readonly hints: readonly string[];
  readonly release?: ApiRelease;
  readonly package?: { readonly sha256: string; readonly size: number; readonly source: string };
}

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
}

export interface ApiNewToken extends ApiToken {
  readonly token: string;
}
