import type { Standing } from './attempt.ts';

/** Whom a rollout is for. */
export type Target =
  | { readonly kind: 'all' }
  /** Of docs/queries.md. Who was in stays in, whatever the query says of it later. */
  | { readonly kind: 'query'; readonly query: string }
  /** A saved query of the project. */
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'list'; readonly ids: readonly string[] };

/** Who comes in once a wave opens, besides those of the waves before. */
export type Wave =
  /** More than 0, to 100; of the target, by a hash of device and rollout. Never less than that of a wave before. */
  { readonly percent: number } | { readonly ids: readonly string[] };

/** So many, or so many of a hundred; with both, either is enough. With neither it never holds. */
export interface Threshold {
  /** 1 or more. */
  readonly count: number | undefined;
  /** More than 0, to 100. */
  readonly percent: number | undefined;
  /** A percentage says nothing before so many devices have ended well or badly. 1 or more. */
  readonly ofAtLeast: number;
}

/** When a rollout may offer: from and to are minutes since midnight in its time zone; one that ends before it begins goes past midnight. */
export interface Window {
  /** 1 Monday to 7 Sunday: the days on which it begins. */
  readonly days: readonly number[];
  /** 0 to 1439. */
  readonly from: number;
  /** 0 to 1440. */
  readonly to: number;
}

/** What a rollout may cost; `undefined`: no limit. */
export interface RolloutLimits {
  /** Downloads at once. */
  readonly downloads: number | undefined;
  readonly bytesPerHour: number | undefined;
  /** To one device within a day. */
  readonly bytesPerDevicePerDay: number | undefined;
}

export const NO_LIMITS: RolloutLimits = {
  downloads: undefined,
  bytesPerHour: undefined,
  bytesPerDevicePerDay: undefined,
};

/** What a device was promised within a day, whatever the rollout. */
export interface Spent {
  readonly bytes: number;
  /** Milliseconds since 1970: when that day began. */
  readonly since: number;
}

/** What the operator wants. */
export interface RolloutSpec {
  readonly release: number;
  readonly target: Target;
  /** At least one. */
  readonly waves: readonly Wave[];
  /** Milliseconds since 1970; `undefined`: at once. */
  readonly startAt: number | undefined;
  /** Empty: always. */
  readonly windows: readonly Window[];
  /** IANA, such as `Asia/Shanghai`. */
  readonly timeZone: string;
  /** Milliseconds that a wave is at least open before the next one opens. */
  readonly soakMs: number;
  /**
   * Of the wave's devices that were offered the release, or were heard of lately and are to be, so many must have confirmed
   * before the next wave opens; a number is at most all of them.
   */
  readonly confirm: { readonly count: number } | { readonly percent: number };
  /** Devices that failed, fell back or fell silent, after which it pauses by itself: in the open wave, and in all of them. */
  readonly pause: { readonly wave: Threshold; readonly overall: Threshold };
  /** Milliseconds without a word after which a device counts as silent. */
  readonly silentAfterMs: number;
  /** Offers the release to devices above it, too, and keeps them there. */
  readonly mayDowngrade: boolean;
  readonly limits: RolloutLimits;
}

export const ROLLOUT_STATES = ['scheduled', 'running', 'paused', 'complete', 'aborted'] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];

export interface Rollout extends RolloutSpec {
  readonly id: number;
  readonly project: string;
  readonly firmwareName: string;
  readonly state: RolloutState;
  /** The wave that was opened last, from 0; -1: none yet. */
  readonly wave: number;
  readonly waveOpenedAt: number | undefined;
  /** Why it is as it is, for people. */
  readonly why: string;
  /** Bad endings of each wave that the operator has accepted by going on; missing ones are 0. */
  readonly accepted: readonly number[];
  /** Milliseconds since 1970, as the other times. */
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly changedAt: number;
  /** When it was complete or aborted. */
  readonly endedAt: number | undefined;
}

/** How many devices of a wave stand how. */
export type WaveCounts = Readonly<Record<Standing, number>>;
