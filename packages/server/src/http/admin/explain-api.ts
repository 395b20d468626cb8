/** The JSON of why a device gets what it gets, see api.ts. */
import type { IdKind } from '@libfota2/protocol';
import type { ReleasePackage } from '../../domain/catalogue.ts';
import type { Rule } from '../../domain/decide.ts';
import type { ApiRelease } from './api.ts';
import type { ApiDeferral } from './rollout-api.ts';

export interface ApiExplanation {
  readonly question: ApiQuestion;
  readonly answer: 'upgrade' | 'refused';
  /** What the device gets: 0, or the platform's code of the refusal. */
  readonly code: number;
  readonly rule: Rule;
  /** Of a refusal, for people. */
  readonly msg?: string;
  /** Of a refusal: seconds until asking again is of use; left out: nobody can say. */
  readonly retryAfterS?: number;
  /** The rollout that has a say in it, and the device's wave there, from 1. */
  readonly rollout?: number;
  readonly wave?: number;
  readonly steps: readonly ApiStep[];
  /** The releases that were looked at, the highest first. */
  readonly considered: readonly ApiConsidered[];
  readonly hints: readonly string[];
  /** Of its last attempt, where that is under way: the device waits. */
  readonly deferral?: ApiDeferral;
  readonly release?: ApiRelease;
  readonly package?: Pick<ReleasePackage, 'sha256' | 'size' | 'source'>;
}

/** A release that was looked at. */
export interface ApiConsidered {
  readonly release: number;
  readonly version: string;
  /** The rollout that spoke for or against it, and the device's wave there, from 1. */
  readonly rollout?: number;
  readonly wave?: number;
  /** Why the device does not get it; left out: it does. */
  readonly against?: Rule;
}

/** What the device would ask. */
export interface ApiQuestion {
  readonly idKind?: IdKind;
  readonly id?: string;
  readonly projectKey?: string;
  readonly firmwareName?: string;
  readonly version?: string;
  /** The number of its key ring. */
  readonly keyRing?: number;
}

export interface ApiStep {
  readonly rule: Rule;
  readonly decided: boolean;
  /** A plain sentence. */
  readonly says: string;
}
