/** The JSON of rollouts, attempts and the global stop, see api.ts. Waves are counted from 1, as people do. */
import type { AttemptState, Standing } from '../../domain/attempt.ts';
import type { RolloutState } from '../../domain/rollout.ts';
import type { Next } from '../../domain/rollout-next.ts';

/** What an operator asks for; what is left out is as a careful operator would have it. */
export interface ApiRolloutRequest {
  /** Published, or a draft that is published with it. */
  readonly release: number;
  /** Default: all devices. */
  readonly target?: ApiTargetRequest;
  /** Default: 5, 25 and 100 %. */
  readonly waves?: readonly ApiWaveRequest[];
  /** Default: at once. */
  readonly startAt?: string;
  /** Default: always. */
  readonly windows?: readonly ApiWindow[];
  /** IANA; of the windows. Default: UTC. */
  readonly timeZone?: string;
  readonly soakMs?: number;
  readonly confirm?: ApiAmount;
  readonly pause?: { readonly wave?: ApiThresholdRequest; readonly overall?: ApiThresholdRequest };
  readonly silentAfterMs?: number;
  readonly mayDowngrade?: boolean;
  readonly limits?: ApiRolloutLimits;
}

/** Just one of them. */
export interface ApiTargetRequest {
  readonly query?: string;
  readonly group?: string;
  readonly ids?: readonly string[];
}

/** Just one of them. */
export interface ApiWaveRequest {
  readonly percent?: number;
  readonly ids?: readonly string[];
}

/** Just one of them. */
export interface ApiAmount {
  readonly count?: number;
  readonly percent?: number;
}

/** Either is enough; with neither it never holds. */
export interface ApiThresholdRequest extends ApiAmount {
  readonly ofAtLeast?: number;
}

export interface ApiThreshold extends ApiAmount {
  readonly ofAtLeast: number;
}

export interface ApiWindow {
  /** 1 Monday to 7 Sunday: the days on which it begins. */
  readonly days: readonly number[];
  /** `22:00`. */
  readonly from: string;
  /** `06:00`; to `24:00`. One that ends before it begins goes past midnight. */
  readonly to: string;
}

/** What is left out has no limit. */
export interface ApiRolloutLimits {
  readonly downloads?: number;
  readonly bytesPerHour?: number;
  readonly bytesPerDevicePerDay?: number;
}

export interface ApiRollout {
  readonly id: number;
  readonly project: string;
  readonly firmwareName: string;
  readonly release: number;
  /** Of the release. */
  readonly version: string;
  readonly state: RolloutState;
  /** The wave that was opened last, from 1; 0: none yet. */
  readonly wave: number;
  /** Why it is as it is; empty: nothing is to be said. */
  readonly why: string;
  readonly next: ApiNext;
  /** Of all waves together. */
  readonly counts: ApiStandings;
  readonly target: ApiTarget;
  readonly waves: readonly ApiWave[];
  readonly startAt?: string;
  readonly windows: readonly ApiWindow[];
  readonly timeZone: string;
  readonly soakMs: number;
  readonly confirm: ApiAmount;
  readonly pause: { readonly wave: ApiThreshold; readonly overall: ApiThreshold };
  readonly silentAfterMs: number;
  readonly mayDowngrade: boolean;
  readonly limits: ApiRolloutLimits;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly waveOpenedAt?: string;
  readonly changedAt: string;
  readonly endedAt?: string;
}

/** What it will do by itself. */
export interface ApiNext {
  readonly does: Next['does'];
  /** Not earlier than then. */
  readonly at?: string;
  /** So many more devices of the open wave must confirm. */
  readonly confirmations: number;
  /** When its windows let it offer again. */
  readonly offersAt?: string;
  /** Plain sentences. */
  readonly says: string;
}

export interface ApiTarget {
  readonly kind: 'all' | 'query' | 'group' | 'list';
  readonly query?: string;
  readonly group?: string;
  /** Of a list: how many devices it names. */
  readonly listed?: number;
  /** Of a list; in lists of rollouts the first few. */
  readonly ids?: readonly string[];
}

export interface ApiWave {
  /** From 1. */
  readonly wave: number;
  readonly percent?: number;
  /** Of a list: how many devices it names. */
  readonly listed?: number;
  /** Of a list; in lists of rollouts the first few. */
  readonly ids?: readonly string[];
  readonly counts: ApiStandings;
}

/** How many devices that were offered the release stand how. */
export interface ApiStandings {
  readonly underWay: number;
  readonly confirmed: number;
  readonly failed: number;
  readonly rolledBack: number;
  readonly silent: number;
  readonly superseded: number;
}

export interface ApiRetried {
  readonly rollout: ApiRollout;
  /** That may try again. */
  readonly devices: number;
}

/** How far a device has come with a release. */
export interface ApiAttempt extends ApiLastAttempt {
  readonly project: string;
  readonly device: string;
  readonly firmwareName: string;
}

/** How far a device has come with the release that it was offered last. */
export interface ApiLastAttempt {
  readonly release: number;
  /** What the device told when it was offered the release, and what it tells once it runs it. */
  readonly from: string;
  readonly to: string;
  readonly rollout?: number;
  /** Of the rollout, from 1. */
  readonly wave?: number;
  readonly state: AttemptState;
  readonly standing: Standing;
  /** How often it was installed in vain. */
  readonly failures: number;
  readonly offeredAt: string;
  readonly changedAt: string;
  /** What the device reported. */
  readonly code?: number;
  /** Why it ended as it did; empty: nothing is known. */
  readonly detail: string;
  /** Left out where nothing keeps it. */
  readonly deferral?: ApiDeferral;
}

/** The device said that it does not install, or restart, yet. */
export interface ApiDeferral {
  /** Left out where it did not say. */
  readonly until?: string;
  /** Empty where it did not say. */
  readonly reason: string;
}

export interface ApiStop {
  readonly isOn: boolean;
  readonly why: string;
  /** When it was set; left out where it never was. */
  readonly at?: string;
}
