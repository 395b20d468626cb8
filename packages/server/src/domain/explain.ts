import type { Identity } from '@libfota2/protocol';
import type { Circumstances, Decision, Rule } from './decide.ts';

/** A rule that was asked, and what it found. */
export interface Step {
  readonly rule: Rule;
  /** Whether this rule decided. */
  readonly decided: boolean;
  /** What it found, as a plain sentence. */
  readonly says: string;
}

/** A decision in words. */
export interface Explanation {
  readonly question: Identity;
  readonly circumstances: Circumstances;
  readonly decision: Decision;
  readonly steps: readonly Step[];
  /** What the operator might do, where something looks wrong; in sentences. */
  readonly hints: readonly string[];
}
