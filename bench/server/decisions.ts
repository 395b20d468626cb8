import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Nanoseconds of one decision. */
export interface Decisions {
  readonly noNewsNs: number;
  readonly newsNs: number;
}

/** Measures pure decisions, in a process of their own. */
export function measureDecisions(): Decisions {
  const script = fileURLToPath(new URL('../children/decisions.js', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' })) as Decisions;
}

/** Milliseconds of CPU that a server with a million devices takes. */
export interface Million {
  /** To foretell a rollout. */
  readonly planMs: number;
  /** To see that a wave has nobody in it, and so may advance. */
  readonly advanceMs: number;
}

/** Measures what looks at a million devices, in a process of its own. */
export function measureMillion(): Million {
  const script = fileURLToPath(new URL('../children/million.js', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' })) as Million;
}
