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
