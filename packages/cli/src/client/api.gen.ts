/**
 * What the admin API takes and answers, by method and address. Made from the OpenAPI document of the server; a test holds
 * both equal (`npm test -- reference -u` writes it anew).
 */
export interface Schemas {
  readonly Attempt: {
    readonly project: string;
    readonly device: string;
    readonly firmwareName: string;
    readonly release: number;
    readonly from: string;
    readonly to: string;
    readonly rollout?: number;
    readonly wave?: number;
    readonly state: 'offered' | 'downloading' | 'downloaded' | 'installed' | 'confirmed' | 'failed' | 'rolled-back' | 'silent' | 'superseded';
    readonly standing: 'under-way' | 'confirmed' | 'failed' | 'rolled-back' | 'silent' | 'superseded';
    readonly failures: number;
    readonly offeredAt: string;
    readonly changedAt: string;
    readonly code?: number;
    readonly detail: string;
    readonly deferral?: Schemas['Deferral'];
  };
  readonly AttemptPage: {
    readonly items: readonly Schemas['Attempt'][];
    readonly cursor?: string;
  };
  readonly Audit: {
    readonly id: number;
    readonly at: string;
    readonly isRefused: boolean;
    readonly by?: string;
    readonly name?: string;
    readonly role?: 'viewer' | 'publisher' | 'operator' | 'admin';
    readonly from?: string;
    readonly request?: string;
    readonly action?: string;
    readonly project?: string;
    readonly target?: string;
    readonly details: readonly {
      readonly name: string;
      readonly value: string;
    }[];
    readonly code?: string;
    readonly endedAt?: string;
    readonly made?: string;
    readonly count: number;
  };
  readonly AuditPage: {
    readonly items: readonly Schemas['Audit'][];
    readonly cursor?: string;
  };
  readonly AuditRecord: {
    readonly id: number;
    readonly text: string;
    readonly hash: string;
  };
  readonly AuditRecordPage: {
    readonly items: readonly Schemas['AuditRecord'][];
    readonly cursor?: string;
  };
  readonly Bulk: {
    readonly devices?: number;
    readonly sample?: readonly Schemas['DeviceListing'][];
    readonly done: number;
    readonly failed: readonly {
      readonly id: string;
      readonly code: string;
      readonly message: string;
    }[];
    readonly cursor?: string;
  };
  readonly Count: {
    readonly devices: number;
  };
  readonly Deferral: {
    readonly until?: string;
    readonly reason: string;
  };
  readonly Delivery: {
    readonly at: string;
    readonly event: number;
    readonly type: string;
    readonly attempt: number;
    readonly status?: number;
    readonly problem?: string;
    readonly ms: number;
  };
  readonly DeliveryPage: {
    readonly items: readonly Schemas['Delivery'][];
    readonly cursor?: string;
  };
  readonly Device: {
    readonly project: string;
    readonly id: string;
    readonly access: 'default' | 'blocked' | 'allowed';
    readonly labels: readonly string[];
    readonly note?: string;
    readonly pin?: {
      readonly version: string;
      readonly mayDowngrade: boolean;
    };
    readonly records: readonly Schemas['Record'][];
  };
  readonly DeviceListing: {
    readonly project: string;
    readonly id: string;
    readonly access: 'default' | 'blocked' | 'allowed';
    readonly labels: readonly string[];
    readonly note?: string;
    readonly pin?: {
      readonly version: string;
      readonly mayDowngrade: boolean;
    };
    readonly record?: Schemas['Record'];
  };
  readonly DeviceListingPage: {
    readonly items: readonly Schemas['DeviceListing'][];
    readonly cursor?: string;
  };
  readonly Event: {
    readonly id: number;
    readonly at: string;
    readonly type: 'release.published' | 'release.withdrawn' | 'release.expiring' | 'release.expired' | 'rollout.created' | 'rollout.started' | 'rollout.advanced' | 'rollout.paused' | 'rollout.resumed' | 'rollout.complete' | 'rollout.aborted' | 'attempt.confirmed' | 'attempt.failed' | 'attempt.rolled-back' | 'attempt.silent' | 'device.held' | 'device.access' | 'stop.on' | 'stop.off' | 'webhook.test' | 'problem';
    readonly project?: string;
    readonly data: {
      readonly release?: number;
      readonly version?: string;
      readonly firmwareName?: string;
      readonly rollout?: number;
      readonly wave?: number;
      readonly device?: string;
      readonly access?: string;
      readonly count?: number;
      readonly code?: string;
      readonly reason?: string;
    };
  };
  readonly EventPage: {
    readonly items: readonly Schemas['Event'][];
    readonly cursor?: string;
  };
  readonly Explanation: {
    readonly question: {
      readonly idKind?: 'imei' | 'mac' | 'uid';
      readonly id?: string;
      readonly projectKey?: string;
      readonly firmwareName?: string;
      readonly version?: string;
      readonly keyRing?: number;
    };
    readonly answer: 'upgrade' | 'refused';
    readonly code: number;
    readonly rule: 'id-missing' | 'project-unknown' | 'blocked' | 'unregistered' | 'firmware-unknown' | 'version-unreadable' | 'nothing-published' | 'pinned' | 'held-back' | 'newest' | 'floor' | 'base-missing' | 'untrusted' | 'not-targeted' | 'rollout-aborted' | 'rollout-scheduled' | 'later-wave' | 'rollout-paused' | 'outside-window' | 'rolled-back' | 'upgrade-loop' | 'stopped' | 'limit' | 'older-release' | 'newer-release';
    readonly msg?: string;
    readonly retryAfterS?: number;
    readonly rollout?: number;
    readonly wave?: number;
    readonly steps: readonly {
      readonly rule: 'id-missing' | 'project-unknown' | 'blocked' | 'unregistered' | 'firmware-unknown' | 'version-unreadable' | 'nothing-published' | 'pinned' | 'held-back' | 'newest' | 'floor' | 'base-missing' | 'untrusted' | 'not-targeted' | 'rollout-aborted' | 'rollout-scheduled' | 'later-wave' | 'rollout-paused' | 'outside-window' | 'rolled-back' | 'upgrade-loop' | 'stopped' | 'limit' | 'older-release' | 'newer-release';
      readonly decided: boolean;
      readonly says: string;
    }[];
    readonly considered: readonly {
      readonly release: number;
      readonly version: string;
      readonly rollout?: number;
      readonly wave?: number;
      readonly against?: 'id-missing' | 'project-unknown' | 'blocked' | 'unregistered' | 'firmware-unknown' | 'version-unreadable' | 'nothing-published' | 'pinned' | 'held-back' | 'newest' | 'floor' | 'base-missing' | 'untrusted' | 'not-targeted' | 'rollout-aborted' | 'rollout-scheduled' | 'later-wave' | 'rollout-paused' | 'outside-window' | 'rolled-back' | 'upgrade-loop' | 'stopped' | 'limit' | 'older-release' | 'newer-release';
    }[];
    readonly hints: readonly string[];
    readonly deferral?: Schemas['Deferral'];
    readonly release?: Schemas['Release'];
    readonly package?: {
      readonly sha256: string;
      readonly size: number;
      readonly source: string;
    };
  };
  readonly Group: {
    readonly project: string;
    readonly name: string;
    readonly query: string;
    readonly note?: string;
    readonly createdAt: string;
    readonly changedAt: string;
  };
  readonly GroupPage: {
    readonly items: readonly Schemas['Group'][];
    readonly cursor?: string;
  };
  readonly KeyRing: {
    readonly serial: number;
    readonly text: string;
    readonly links: readonly {
      readonly text: string;
      readonly signature: string;
    }[];
    readonly releaseKeys: readonly string[];
    readonly ringKeys: readonly string[];
    readonly warnings: readonly string[];
  };
  readonly LastAttempt: {
    readonly release: number;
    readonly from: string;
    readonly to: string;
    readonly rollout?: number;
    readonly wave?: number;
    readonly state: 'offered' | 'downloading' | 'downloaded' | 'installed' | 'confirmed' | 'failed' | 'rolled-back' | 'silent' | 'superseded';
    readonly standing: 'under-way' | 'confirmed' | 'failed' | 'rolled-back' | 'silent' | 'superseded';
    readonly failures: number;
    readonly offeredAt: string;
    readonly changedAt: string;
    readonly code?: number;
    readonly detail: string;
    readonly deferral?: Schemas['Deferral'];
  };
  readonly LogEntry: {
    readonly id: number;
    readonly at: string;
    readonly event: 'offered' | 'resumed' | 'sent' | 'broken' | 'held' | 'checked' | 'reported' | 'refused' | 'confirmed' | 'failed' | 'rolled-back' | 'silent' | 'unreadable';
    readonly project: string;
    readonly firmwareName: string;
    readonly deviceId: string;
    readonly version: string;
    readonly code: number;
    readonly rule?: 'id-missing' | 'project-unknown' | 'blocked' | 'unregistered' | 'firmware-unknown' | 'version-unreadable' | 'nothing-published' | 'pinned' | 'held-back' | 'newest' | 'floor' | 'base-missing' | 'untrusted' | 'not-targeted' | 'rollout-aborted' | 'rollout-scheduled' | 'later-wave' | 'rollout-paused' | 'outside-window' | 'rolled-back' | 'upgrade-loop' | 'stopped' | 'limit' | 'older-release' | 'newer-release';
    readonly release?: number;
    readonly releaseVersion?: string;
    readonly bytes?: number;
    readonly detail?: string;
  };
  readonly LogEntryPage: {
    readonly items: readonly Schemas['LogEntry'][];
    readonly cursor?: string;
  };
  readonly Me: {
    readonly kind: 'local' | 'token' | 'user';
    readonly id: string;
    readonly name: string;
    readonly role: 'viewer' | 'publisher' | 'operator' | 'admin';
    readonly projects: 'all' | readonly string[];
    readonly expiresAt?: string;
  };
  readonly NewToken: {
    readonly id: string;
    readonly name: string;
    readonly role: 'viewer' | 'publisher' | 'operator' | 'admin';
    readonly projects: 'all' | readonly string[];
    readonly createdAt: string;
    readonly expiresAt?: string;
    readonly lastUsedAt?: string;
    readonly token: string;
  };
  readonly NewWebhook: {
    readonly id: string;
    readonly url: string;
    readonly types?: readonly string[];
    readonly projects?: readonly string[];
    readonly private: boolean;
    readonly isOn: boolean;
    readonly reason?: string;
    readonly place: number;
    readonly tries: number;
    readonly nextTryAt?: string;
    readonly createdAt: string;
    readonly secret: string;
  };
  readonly Plan: {
    readonly project: string;
    readonly firmwareName: string;
    readonly release: number;
    readonly version: string;
    readonly rollout?: number;
    readonly at: string;
    readonly waves: readonly {
      readonly wave: number;
      readonly from?: string;
      readonly devices: number;
      readonly bytes: number;
      readonly atLeastMs: number;
    }[];
    readonly devices: number;
    readonly bytes: number;
    readonly others: readonly {
      readonly why: 'id-missing' | 'project-unknown' | 'blocked' | 'unregistered' | 'firmware-unknown' | 'version-unreadable' | 'nothing-published' | 'pinned' | 'held-back' | 'newest' | 'floor' | 'base-missing' | 'untrusted' | 'not-targeted' | 'rollout-aborted' | 'rollout-scheduled' | 'later-wave' | 'rollout-paused' | 'outside-window' | 'rolled-back' | 'upgrade-loop' | 'stopped' | 'limit' | 'another-release' | 'runs-it' | 'under-way';
      readonly devices: number;
    }[];
  };
  readonly PlannedDevice: {
    readonly device: string;
    readonly version: string;
    readonly wave?: number;
    readonly bytes?: number;
    readonly first?: number;
    readonly why?: 'id-missing' | 'project-unknown' | 'blocked' | 'unregistered' | 'firmware-unknown' | 'version-unreadable' | 'nothing-published' | 'pinned' | 'held-back' | 'newest' | 'floor' | 'base-missing' | 'untrusted' | 'not-targeted' | 'rollout-aborted' | 'rollout-scheduled' | 'later-wave' | 'rollout-paused' | 'outside-window' | 'rolled-back' | 'upgrade-loop' | 'stopped' | 'limit' | 'another-release' | 'runs-it' | 'under-way';
  };
  readonly PlannedDevicePage: {
    readonly items: readonly Schemas['PlannedDevice'][];
    readonly cursor?: string;
  };
  readonly Project: {
    readonly name: string;
    readonly key: string;
    readonly formerKeys: readonly string[];
    readonly registration: 'open' | 'closed';
    readonly refusals: 'json' | 'empty';
    readonly keyRing: number | null;
    readonly createdAt: string;
  };
  readonly ProjectPage: {
    readonly items: readonly Schemas['Project'][];
    readonly cursor?: string;
  };
  readonly Published: {
    readonly release: Schemas['Release'];
    readonly isNew: boolean;
    readonly warnings: readonly string[];
  };
  readonly Record: {
    readonly firmwareName: string;
    readonly idKind: 'imei' | 'mac' | 'uid';
    readonly version: string;
    readonly firstSeenAt: string;
    readonly lastSeenAt: string;
    readonly asked: number;
    readonly rule: 'id-missing' | 'project-unknown' | 'blocked' | 'unregistered' | 'firmware-unknown' | 'version-unreadable' | 'nothing-published' | 'pinned' | 'held-back' | 'newest' | 'floor' | 'base-missing' | 'untrusted' | 'not-targeted' | 'rollout-aborted' | 'rollout-scheduled' | 'later-wave' | 'rollout-paused' | 'outside-window' | 'rolled-back' | 'upgrade-loop' | 'stopped' | 'limit' | 'older-release' | 'newer-release';
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
    readonly attempt?: Schemas['LastAttempt'];
    readonly keyRing?: number;
  };
  readonly Release: {
    readonly id: number;
    readonly project: string;
    readonly firmwareName: string;
    readonly version: string;
    readonly core?: string;
    readonly wireVersion: string;
    readonly state: 'draft' | 'published' | 'withdrawn';
    readonly notes: string;
    readonly isFloor: boolean;
    readonly packages: readonly {
      readonly sha256: string;
      readonly size: number;
      readonly source: string;
      readonly fileName: string;
      readonly format: string;
      readonly signature?: string;
    }[];
    readonly createdAt: string;
    readonly publishedAt?: string;
    readonly withdrawnAt?: string;
  };
  readonly ReleasePage: {
    readonly items: readonly Schemas['Release'][];
    readonly cursor?: string;
  };
  readonly Retried: {
    readonly rollout: Schemas['Rollout'];
    readonly devices: number;
  };
  readonly RingCounts: {
    readonly items: readonly {
      readonly serial: number;
      readonly devices: number;
    }[];
  };
  readonly Rollout: {
    readonly id: number;
    readonly project: string;
    readonly firmwareName: string;
    readonly release: number;
    readonly version: string;
    readonly state: 'scheduled' | 'running' | 'paused' | 'complete' | 'aborted';
    readonly wave: number;
    readonly why: string;
    readonly next: {
      readonly does: 'start' | 'advance' | 'complete' | 'nothing';
      readonly at?: string;
      readonly confirmations: number;
      readonly offersAt?: string;
      readonly says: string;
    };
    readonly counts: Schemas['Standings'];
    readonly target: {
      readonly kind: 'all' | 'query' | 'group' | 'list';
      readonly query?: string;
      readonly group?: string;
      readonly listed?: number;
      readonly ids?: readonly string[];
    };
    readonly waves: readonly {
      readonly wave: number;
      readonly percent?: number;
      readonly listed?: number;
      readonly ids?: readonly string[];
      readonly counts: Schemas['Standings'];
    }[];
    readonly startAt?: string;
    readonly windows: readonly Schemas['Window'][];
    readonly timeZone: string;
    readonly soakMs: number;
    readonly confirm: {
      readonly count?: number;
      readonly percent?: number;
    };
    readonly pause: {
      readonly wave: Schemas['Threshold'];
      readonly overall: Schemas['Threshold'];
    };
    readonly silentAfterMs: number;
    readonly mayDowngrade: boolean;
    readonly limits: Schemas['RolloutLimits'];
    readonly createdAt: string;
    readonly startedAt?: string;
    readonly waveOpenedAt?: string;
    readonly changedAt: string;
    readonly endedAt?: string;
  };
  readonly RolloutLimits: {
    readonly downloads?: number;
    readonly bytesPerHour?: number;
    readonly bytesPerDevicePerDay?: number;
  };
  readonly RolloutPage: {
    readonly items: readonly Schemas['Rollout'][];
    readonly cursor?: string;
  };
  readonly Standings: {
    readonly underWay: number;
    readonly confirmed: number;
    readonly failed: number;
    readonly rolledBack: number;
    readonly silent: number;
    readonly superseded: number;
  };
  readonly Status: {
    readonly version: string;
    readonly node: string | null;
    readonly startedAt: string;
    readonly dataDir: string | null;
    readonly deviceUrl: string | null;
    readonly deviceTlsUrl: string | null;
    readonly deviceHost: string | null;
    readonly paths: readonly string[];
    readonly adminUrl: string | null;
    readonly certificates: {
      readonly devices: {
        readonly names: string;
        readonly validFrom: string;
        readonly expiresAt: string;
        readonly fingerprint: string;
      } | null;
      readonly admin: {
        readonly names: string;
        readonly validFrom: string;
        readonly expiresAt: string;
        readonly fingerprint: string;
      } | null;
    };
    readonly counts: {
      readonly projects: number;
      readonly releases: number;
      readonly devices?: number;
    };
    readonly stop: Schemas['Stop'];
    readonly expiring: readonly {
      readonly release: number;
      readonly project: string;
      readonly firmwareName: string;
      readonly version: string;
      readonly notAfter: string;
      readonly hasPassed: boolean;
    }[];
    readonly problems: readonly {
      readonly at: string;
      readonly code: string | null;
      readonly message: string;
    }[];
  };
  readonly Stop: {
    readonly isOn: boolean;
    readonly why: string;
    readonly at?: string;
  };
  readonly TableOutcome: {
    readonly dryRun: boolean;
    readonly sha256: string;
    readonly lines: number;
    readonly devices: number;
    readonly changed: number;
    readonly added: number;
    readonly unknown: number;
    readonly sample: readonly {
      readonly line: number;
      readonly id: string;
      readonly isNew: boolean;
      readonly before: {
        readonly access: 'default' | 'blocked' | 'allowed';
        readonly labels: readonly string[];
        readonly note?: string;
        readonly pin?: {
          readonly version: string;
          readonly mayDowngrade: boolean;
        };
      };
      readonly after: {
        readonly access: 'default' | 'blocked' | 'allowed';
        readonly labels: readonly string[];
        readonly note?: string;
        readonly pin?: {
          readonly version: string;
          readonly mayDowngrade: boolean;
        };
      };
    }[];
  };
  readonly Threshold: {
    readonly count?: number;
    readonly percent?: number;
    readonly ofAtLeast: number;
  };
  readonly Token: {
    readonly id: string;
    readonly name: string;
    readonly role: 'viewer' | 'publisher' | 'operator' | 'admin';
    readonly projects: 'all' | readonly string[];
    readonly createdAt: string;
    readonly expiresAt?: string;
    readonly lastUsedAt?: string;
  };
  readonly TokenPage: {
    readonly items: readonly Schemas['Token'][];
    readonly cursor?: string;
  };
  readonly Upload: {
    readonly id: string;
    readonly fileName: string;
    readonly size: number;
    readonly offset: number;
    readonly state: 'open' | 'complete';
    readonly sha256?: string;
    readonly inspection?: {
      readonly format: 'ec618' | 'ec7xx' | 'air8101' | 'lfta' | 'xt804' | 'luadb' | 'opaque';
      readonly kind: 'script' | 'script-and-core-delta' | 'core-delta' | 'full-core' | 'full' | 'unknown';
      readonly project?: string;
      readonly version?: string;
      readonly productKeySha256?: string;
      readonly sourceCore?: string;
      readonly targetCore?: string;
      readonly needsSourceCore: boolean;
      readonly facts: readonly {
        readonly label: string;
        readonly value: string;
      }[];
      readonly warnings: readonly string[];
    };
    readonly proposal?: {
      readonly firmwareName?: {
        readonly value: string;
        readonly from: 'content' | 'file name' | 'content and file name';
      };
      readonly version?: {
        readonly value: string;
        readonly from: 'content' | 'file name' | 'content and file name';
      };
      readonly core?: {
        readonly value: string;
        readonly from: 'content' | 'file name' | 'content and file name';
      };
      readonly sourceCore?: {
        readonly value: string;
        readonly from: 'content' | 'file name' | 'content and file name';
      };
    };
    readonly expiresAt: string;
  };
  readonly User: {
    readonly id: string;
    readonly name: string;
    readonly role: 'viewer' | 'publisher' | 'operator' | 'admin';
    readonly projects: 'all' | readonly string[];
    readonly isDisabled: boolean;
    readonly createdAt: string;
    readonly passwordAt: string;
  };
  readonly UserPage: {
    readonly items: readonly Schemas['User'][];
    readonly cursor?: string;
  };
  readonly VersionHistory: {
    readonly stepHours: number;
    readonly hours: readonly string[];
    readonly series: readonly {
      readonly firmwareName: string;
      readonly version: string;
      readonly devices: readonly number[];
      readonly seen: readonly number[];
    }[];
  };
  readonly Webhook: {
    readonly id: string;
    readonly url: string;
    readonly types?: readonly string[];
    readonly projects?: readonly string[];
    readonly private: boolean;
    readonly isOn: boolean;
    readonly reason?: string;
    readonly place: number;
    readonly tries: number;
    readonly nextTryAt?: string;
    readonly createdAt: string;
  };
  readonly WebhookPage: {
    readonly items: readonly Schemas['Webhook'][];
    readonly cursor?: string;
  };
  readonly Window: {
    readonly days: readonly number[];
    readonly from: string;
    readonly to: string;
  };
}

export interface Api {
  readonly DELETE: {
    readonly '/projects/{project}/devices/{device}': {
      readonly path: {
        readonly project: string;
        readonly device: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: undefined;
    };
    readonly '/projects/{project}/groups/{group}': {
      readonly path: {
        readonly project: string;
        readonly group: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: undefined;
    };
    readonly '/projects/{project}/keys/{key}': {
      readonly path: {
        readonly project: string;
        readonly key: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Project'];
    };
    readonly '/session': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: undefined;
    };
    readonly '/tokens/{token}': {
      readonly path: {
        readonly token: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: undefined;
    };
    readonly '/uploads/{upload}': {
      readonly path: {
        readonly upload: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: undefined;
    };
    readonly '/users/{user}': {
      readonly path: {
        readonly user: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: undefined;
    };
    readonly '/webhooks/{webhook}': {
      readonly path: {
        readonly webhook: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: undefined;
    };
  };
  readonly GET: {
    readonly '/attempts': {
      readonly path: undefined;
      readonly query: {
        readonly project?: string | undefined;
        readonly rollout?: number | undefined;
        readonly release?: number | undefined;
        readonly standing?: 'under-way' | 'confirmed' | 'failed' | 'rolled-back' | 'silent' | 'superseded' | undefined;
        readonly device?: string | undefined;
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['AttemptPage'];
    };
    readonly '/audit': {
      readonly path: undefined;
      readonly query: {
        readonly project?: string | undefined;
        readonly action?: string | undefined;
        readonly by?: string | undefined;
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['AuditPage'];
    };
    readonly '/audit/records': {
      readonly path: undefined;
      readonly query: {
        readonly after?: number | undefined;
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['AuditRecordPage'];
    };
    readonly '/devices': {
      readonly path: undefined;
      readonly query: {
        readonly project?: string | undefined;
        readonly query?: string | undefined;
        readonly firmware?: string | undefined;
        readonly access?: 'blocked' | 'allowed' | 'default' | undefined;
        readonly id?: string | undefined;
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['DeviceListingPage'];
    };
    readonly '/devices/count': {
      readonly path: undefined;
      readonly query: {
        readonly project?: string | undefined;
        readonly query?: string | undefined;
        readonly firmware?: string | undefined;
        readonly access?: 'blocked' | 'allowed' | 'default' | undefined;
        readonly id?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['Count'];
    };
    readonly '/devices/export': {
      readonly path: undefined;
      readonly query: {
        readonly project?: string | undefined;
        readonly query?: string | undefined;
        readonly firmware?: string | undefined;
        readonly access?: 'blocked' | 'allowed' | 'default' | undefined;
        readonly id?: string | undefined;
        readonly mark?: boolean | undefined;
      };
      readonly body: undefined;
      readonly answer: undefined;
    };
    readonly '/events': {
      readonly path: undefined;
      readonly query: {
        readonly project?: readonly string[] | undefined;
        readonly type?: readonly ('release' | 'rollout' | 'attempt' | 'device' | 'stop' | 'webhook' | 'release.published' | 'release.withdrawn' | 'release.expiring' | 'release.expired' | 'rollout.created' | 'rollout.started' | 'rollout.advanced' | 'rollout.paused' | 'rollout.resumed' | 'rollout.complete' | 'rollout.aborted' | 'attempt.confirmed' | 'attempt.failed' | 'attempt.rolled-back' | 'attempt.silent' | 'device.held' | 'device.access' | 'stop.on' | 'stop.off' | 'webhook.test' | 'problem')[] | undefined;
        readonly after?: number | undefined;
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['EventPage'];
    };
    readonly '/log': {
      readonly path: undefined;
      readonly query: {
        readonly project?: string | undefined;
        readonly firmware?: string | undefined;
        readonly device?: string | undefined;
        readonly event?: 'offered' | 'resumed' | 'sent' | 'broken' | 'held' | 'checked' | 'reported' | 'refused' | 'confirmed' | 'failed' | 'rolled-back' | 'silent' | 'unreadable' | undefined;
        readonly after?: number | undefined;
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['LogEntryPage'];
    };
    readonly '/me': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Me'];
    };
    readonly '/openapi.json': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: unknown;
    };
    readonly '/projects': {
      readonly path: undefined;
      readonly query: {
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['ProjectPage'];
    };
    readonly '/projects/{project}': {
      readonly path: {
        readonly project: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Project'];
    };
    readonly '/projects/{project}/devices/{device}': {
      readonly path: {
        readonly project: string;
        readonly device: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Device'];
    };
    readonly '/projects/{project}/explain': {
      readonly path: {
        readonly project: string;
      };
      readonly query: {
        readonly id: string;
        readonly firmware?: string | undefined;
        readonly version?: string | undefined;
        readonly keyRing?: number | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['Explanation'];
    };
    readonly '/projects/{project}/groups': {
      readonly path: {
        readonly project: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['GroupPage'];
    };
    readonly '/projects/{project}/groups/{group}': {
      readonly path: {
        readonly project: string;
        readonly group: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Group'];
    };
    readonly '/projects/{project}/key-ring': {
      readonly path: {
        readonly project: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['KeyRing'];
    };
    readonly '/projects/{project}/key-ring/devices': {
      readonly path: {
        readonly project: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['RingCounts'];
    };
    readonly '/projects/{project}/versions': {
      readonly path: {
        readonly project: string;
      };
      readonly query: {
        readonly firmware?: string | undefined;
        readonly from?: string | undefined;
        readonly to?: string | undefined;
        readonly step?: number | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['VersionHistory'];
    };
    readonly '/releases': {
      readonly path: undefined;
      readonly query: {
        readonly project?: string | undefined;
        readonly firmware?: string | undefined;
        readonly state?: 'draft' | 'published' | 'withdrawn' | undefined;
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['ReleasePage'];
    };
    readonly '/releases/{release}': {
      readonly path: {
        readonly release: number;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Release'];
    };
    readonly '/rollouts': {
      readonly path: undefined;
      readonly query: {
        readonly project?: string | undefined;
        readonly release?: number | undefined;
        readonly state?: 'scheduled' | 'running' | 'paused' | 'complete' | 'aborted' | undefined;
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['RolloutPage'];
    };
    readonly '/rollouts/{rollout}': {
      readonly path: {
        readonly rollout: number;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Rollout'];
    };
    readonly '/rollouts/{rollout}/attempts': {
      readonly path: {
        readonly rollout: number;
      };
      readonly query: {
        readonly standing?: 'under-way' | 'confirmed' | 'failed' | 'rolled-back' | 'silent' | 'superseded' | undefined;
        readonly device?: string | undefined;
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['AttemptPage'];
    };
    readonly '/status': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Status'];
    };
    readonly '/stop': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Stop'];
    };
    readonly '/tokens': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['TokenPage'];
    };
    readonly '/uploads/{upload}': {
      readonly path: {
        readonly upload: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Upload'];
    };
    readonly '/users': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['UserPage'];
    };
    readonly '/users/{user}': {
      readonly path: {
        readonly user: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['User'];
    };
    readonly '/webhooks': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['WebhookPage'];
    };
    readonly '/webhooks/{webhook}': {
      readonly path: {
        readonly webhook: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Webhook'];
    };
    readonly '/webhooks/{webhook}/deliveries': {
      readonly path: {
        readonly webhook: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['DeliveryPage'];
    };
  };
  readonly PATCH: {
    readonly '/projects/{project}': {
      readonly path: {
        readonly project: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly registration?: 'open' | 'closed' | undefined;
        readonly refusals?: 'json' | 'empty' | undefined;
      };
      readonly answer: Schemas['Project'];
    };
    readonly '/projects/{project}/devices/{device}': {
      readonly path: {
        readonly project: string;
        readonly device: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly labels?: readonly string[] | undefined;
        readonly addLabels?: readonly string[] | undefined;
        readonly removeLabels?: readonly string[] | undefined;
        readonly note?: string | undefined;
        readonly pin?: {
          readonly version: string;
          readonly mayDowngrade: boolean;
        } | null | undefined;
      };
      readonly answer: Schemas['Device'];
    };
    readonly '/projects/{project}/groups/{group}': {
      readonly path: {
        readonly project: string;
        readonly group: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly query?: string | undefined;
        readonly note?: string | undefined;
      };
      readonly answer: Schemas['Group'];
    };
    readonly '/uploads/{upload}': {
      readonly path: {
        readonly upload: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Upload'];
    };
    readonly '/users/{user}': {
      readonly path: {
        readonly user: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly role?: 'viewer' | 'publisher' | 'operator' | 'admin' | undefined;
        readonly projects?: 'all' | readonly string[] | undefined;
        readonly isDisabled?: boolean | undefined;
      };
      readonly answer: Schemas['User'];
    };
    readonly '/webhooks/{webhook}': {
      readonly path: {
        readonly webhook: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly url?: string | undefined;
        readonly types?: readonly ('release' | 'rollout' | 'attempt' | 'device' | 'stop' | 'webhook' | 'release.published' | 'release.withdrawn' | 'release.expiring' | 'release.expired' | 'rollout.created' | 'rollout.started' | 'rollout.advanced' | 'rollout.paused' | 'rollout.resumed' | 'rollout.complete' | 'rollout.aborted' | 'attempt.confirmed' | 'attempt.failed' | 'attempt.rolled-back' | 'attempt.silent' | 'device.held' | 'device.access' | 'stop.on' | 'stop.off' | 'webhook.test' | 'problem')[] | null | undefined;
        readonly projects?: readonly string[] | null | undefined;
        readonly private?: boolean | undefined;
      };
      readonly answer: Schemas['Webhook'];
    };
  };
  readonly POST: {
    readonly '/backup': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: undefined;
    };
    readonly '/devices/bulk': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly project: string;
        readonly query: string;
        readonly action: 'block' | 'allow' | 'reset' | 'release' | 'label' | 'unlabel' | 'pin' | 'unpin' | 'forget';
        readonly labels?: readonly string[] | undefined;
        readonly version?: string | undefined;
        readonly mayDowngrade?: boolean | undefined;
        readonly dryRun?: boolean | undefined;
        readonly expect?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly answer: Schemas['Bulk'];
    };
    readonly '/plan': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly rollout?: number | undefined;
        readonly request?: {
          readonly release: number;
          readonly target?: {
            readonly query?: string | undefined;
            readonly group?: string | undefined;
            readonly ids?: readonly string[] | undefined;
          } | undefined;
          readonly waves?: readonly {
            readonly percent?: number | undefined;
            readonly ids?: readonly string[] | undefined;
          }[] | undefined;
          readonly startAt?: string | undefined;
          readonly windows?: readonly {
            readonly days: readonly number[];
            readonly from: string;
            readonly to: string;
          }[] | undefined;
          readonly timeZone?: string | undefined;
          readonly soakMs?: number | undefined;
          readonly confirm?: {
            readonly count?: number | undefined;
            readonly percent?: number | undefined;
          } | undefined;
          readonly pause?: {
            readonly wave?: {
              readonly count?: number | undefined;
              readonly percent?: number | undefined;
              readonly ofAtLeast?: number | undefined;
            } | undefined;
            readonly overall?: {
              readonly count?: number | undefined;
              readonly percent?: number | undefined;
              readonly ofAtLeast?: number | undefined;
            } | undefined;
          } | undefined;
          readonly silentAfterMs?: number | undefined;
          readonly mayDowngrade?: boolean | undefined;
          readonly limits?: {
            readonly downloads?: number | undefined;
            readonly bytesPerHour?: number | undefined;
            readonly bytesPerDevicePerDay?: number | undefined;
          } | undefined;
        } | undefined;
      };
      readonly answer: Schemas['Plan'];
    };
    readonly '/plan/devices': {
      readonly path: undefined;
      readonly query: {
        readonly id?: string | undefined;
        readonly wave?: number | undefined;
        readonly limit?: number | undefined;
        readonly cursor?: string | undefined;
      };
      readonly body: {
        readonly rollout?: number | undefined;
        readonly request?: {
          readonly release: number;
          readonly target?: {
            readonly query?: string | undefined;
            readonly group?: string | undefined;
            readonly ids?: readonly string[] | undefined;
          } | undefined;
          readonly waves?: readonly {
            readonly percent?: number | undefined;
            readonly ids?: readonly string[] | undefined;
          }[] | undefined;
          readonly startAt?: string | undefined;
          readonly windows?: readonly {
            readonly days: readonly number[];
            readonly from: string;
            readonly to: string;
          }[] | undefined;
          readonly timeZone?: string | undefined;
          readonly soakMs?: number | undefined;
          readonly confirm?: {
            readonly count?: number | undefined;
            readonly percent?: number | undefined;
          } | undefined;
          readonly pause?: {
            readonly wave?: {
              readonly count?: number | undefined;
              readonly percent?: number | undefined;
              readonly ofAtLeast?: number | undefined;
            } | undefined;
            readonly overall?: {
              readonly count?: number | undefined;
              readonly percent?: number | undefined;
              readonly ofAtLeast?: number | undefined;
            } | undefined;
          } | undefined;
          readonly silentAfterMs?: number | undefined;
          readonly mayDowngrade?: boolean | undefined;
          readonly limits?: {
            readonly downloads?: number | undefined;
            readonly bytesPerHour?: number | undefined;
            readonly bytesPerDevicePerDay?: number | undefined;
          } | undefined;
        } | undefined;
      };
      readonly answer: Schemas['PlannedDevicePage'];
    };
    readonly '/projects': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly name: string;
        readonly key?: string | undefined;
        readonly registration?: 'open' | 'closed' | undefined;
        readonly refusals?: 'json' | 'empty' | undefined;
      };
      readonly answer: Schemas['Project'];
    };
    readonly '/projects/{project}/devices/import': {
      readonly path: {
        readonly project: string;
      };
      readonly query: {
        readonly dryRun?: boolean | undefined;
      };
      readonly body: undefined;
      readonly answer: Schemas['TableOutcome'];
    };
    readonly '/projects/{project}/devices/{device}/release': {
      readonly path: {
        readonly project: string;
        readonly device: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Device'];
    };
    readonly '/projects/{project}/groups': {
      readonly path: {
        readonly project: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly name: string;
        readonly query: string;
        readonly note?: string | undefined;
      };
      readonly answer: Schemas['Group'];
    };
    readonly '/projects/{project}/keys': {
      readonly path: {
        readonly project: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly key?: string | undefined;
      };
      readonly answer: Schemas['Project'];
    };
    readonly '/releases': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly project: string;
        readonly upload: string;
        readonly firmwareName?: string | undefined;
        readonly version?: string | undefined;
        readonly core?: string | undefined;
        readonly source?: string | undefined;
        readonly notes?: string | undefined;
        readonly draft?: boolean | undefined;
        readonly floor?: boolean | undefined;
        readonly despiteContradictions?: boolean | undefined;
        readonly signature?: string | undefined;
      };
      readonly answer: Schemas['Published'];
    };
    readonly '/releases/{release}/floor': {
      readonly path: {
        readonly release: number;
      };
      readonly query: undefined;
      readonly body: {
        readonly isFloor: boolean;
      };
      readonly answer: Schemas['Release'];
    };
    readonly '/releases/{release}/publish': {
      readonly path: {
        readonly release: number;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Release'];
    };
    readonly '/releases/{release}/withdraw': {
      readonly path: {
        readonly release: number;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Release'];
    };
    readonly '/rollouts': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly release: number;
        readonly target?: {
          readonly query?: string | undefined;
          readonly group?: string | undefined;
          readonly ids?: readonly string[] | undefined;
        } | undefined;
        readonly waves?: readonly {
          readonly percent?: number | undefined;
          readonly ids?: readonly string[] | undefined;
        }[] | undefined;
        readonly startAt?: string | undefined;
        readonly windows?: readonly {
          readonly days: readonly number[];
          readonly from: string;
          readonly to: string;
        }[] | undefined;
        readonly timeZone?: string | undefined;
        readonly soakMs?: number | undefined;
        readonly confirm?: {
          readonly count?: number | undefined;
          readonly percent?: number | undefined;
        } | undefined;
        readonly pause?: {
          readonly wave?: {
            readonly count?: number | undefined;
            readonly percent?: number | undefined;
            readonly ofAtLeast?: number | undefined;
          } | undefined;
          readonly overall?: {
            readonly count?: number | undefined;
            readonly percent?: number | undefined;
            readonly ofAtLeast?: number | undefined;
          } | undefined;
        } | undefined;
        readonly silentAfterMs?: number | undefined;
        readonly mayDowngrade?: boolean | undefined;
        readonly limits?: {
          readonly downloads?: number | undefined;
          readonly bytesPerHour?: number | undefined;
          readonly bytesPerDevicePerDay?: number | undefined;
        } | undefined;
      };
      readonly answer: Schemas['Rollout'];
    };
    readonly '/rollouts/{rollout}/abort': {
      readonly path: {
        readonly rollout: number;
      };
      readonly query: undefined;
      readonly body: {
        readonly why?: string | undefined;
      };
      readonly answer: Schemas['Rollout'];
    };
    readonly '/rollouts/{rollout}/pause': {
      readonly path: {
        readonly rollout: number;
      };
      readonly query: undefined;
      readonly body: {
        readonly why?: string | undefined;
      };
      readonly answer: Schemas['Rollout'];
    };
    readonly '/rollouts/{rollout}/resume': {
      readonly path: {
        readonly rollout: number;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Rollout'];
    };
    readonly '/rollouts/{rollout}/retry': {
      readonly path: {
        readonly rollout: number;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Retried'];
    };
    readonly '/rollouts/{rollout}/rollback': {
      readonly path: {
        readonly rollout: number;
      };
      readonly query: undefined;
      readonly body: {
        readonly to?: number | undefined;
      };
      readonly answer: Schemas['Rollout'];
    };
    readonly '/rollouts/{rollout}/skip': {
      readonly path: {
        readonly rollout: number;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Rollout'];
    };
    readonly '/session': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly name: string;
        readonly password: string;
      };
      readonly answer: Schemas['Me'];
    };
    readonly '/tokens': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly name: string;
        readonly role: 'viewer' | 'publisher' | 'operator' | 'admin';
        readonly projects?: 'all' | readonly string[] | undefined;
        readonly expiresAt?: string | undefined;
      };
      readonly answer: Schemas['NewToken'];
    };
    readonly '/uploads': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly fileName?: string | undefined;
        readonly size: number;
        readonly sha256?: string | undefined;
      };
      readonly answer: Schemas['Upload'];
    };
    readonly '/users': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly name: string;
        readonly password: string;
        readonly role: 'viewer' | 'publisher' | 'operator' | 'admin';
        readonly projects?: 'all' | readonly string[] | undefined;
      };
      readonly answer: Schemas['User'];
    };
    readonly '/webhooks': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly url: string;
        readonly types?: readonly ('release' | 'rollout' | 'attempt' | 'device' | 'stop' | 'webhook' | 'release.published' | 'release.withdrawn' | 'release.expiring' | 'release.expired' | 'rollout.created' | 'rollout.started' | 'rollout.advanced' | 'rollout.paused' | 'rollout.resumed' | 'rollout.complete' | 'rollout.aborted' | 'attempt.confirmed' | 'attempt.failed' | 'attempt.rolled-back' | 'attempt.silent' | 'device.held' | 'device.access' | 'stop.on' | 'stop.off' | 'webhook.test' | 'problem')[] | undefined;
        readonly projects?: readonly string[] | undefined;
        readonly private?: boolean | undefined;
      };
      readonly answer: Schemas['NewWebhook'];
    };
    readonly '/webhooks/{webhook}/disable': {
      readonly path: {
        readonly webhook: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Webhook'];
    };
    readonly '/webhooks/{webhook}/enable': {
      readonly path: {
        readonly webhook: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly skip?: boolean | undefined;
      };
      readonly answer: Schemas['Webhook'];
    };
    readonly '/webhooks/{webhook}/secret': {
      readonly path: {
        readonly webhook: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['NewWebhook'];
    };
    readonly '/webhooks/{webhook}/test': {
      readonly path: {
        readonly webhook: string;
      };
      readonly query: undefined;
      readonly body: undefined;
      readonly answer: Schemas['Delivery'];
    };
  };
  readonly PUT: {
    readonly '/me/password': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly current: string;
        readonly next: string;
      };
      readonly answer: undefined;
    };
    readonly '/projects/{project}/devices/{device}/access': {
      readonly path: {
        readonly project: string;
        readonly device: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly access: 'blocked' | 'allowed' | 'default';
      };
      readonly answer: Schemas['Device'];
    };
    readonly '/projects/{project}/key-ring': {
      readonly path: {
        readonly project: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly text: string;
        readonly signature?: string | undefined;
        readonly replace?: boolean | undefined;
      };
      readonly answer: Schemas['KeyRing'];
    };
    readonly '/stop': {
      readonly path: undefined;
      readonly query: undefined;
      readonly body: {
        readonly isOn: boolean;
        readonly why?: string | undefined;
      };
      readonly answer: Schemas['Stop'];
    };
    readonly '/users/{user}/password': {
      readonly path: {
        readonly user: string;
      };
      readonly query: undefined;
      readonly body: {
        readonly password: string;
      };
      readonly answer: Schemas['User'];
    };
  };
}
