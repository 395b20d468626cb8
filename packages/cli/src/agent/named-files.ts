/** Files that the configuration names, and that the agent cannot begin without. */
import { readFileSync } from 'node:fs';
import { parseKeyRing } from '@libfota2/protocol';
import { type Problem, problem } from '../config/problem.ts';
import type { AgentConfig } from './config.ts';

/** What is wrong with them, as far as that can be seen from here. */
export function fileProblems({ file, values }: AgentConfig): readonly Problem[] {
  return (['trust', 'ca'] as const).flatMap((key) => {
    const path = values[key];
    if (path === undefined) return [];
    try {
      const text = readFileSync(path, 'utf8');
      if (key === 'trust') parseKeyRing(text);
      return [];
    } catch (error) {
      const says = `names ${path}, which is of no use: ${(error as Error).message}`;
      const remedy = key === 'trust' ? 'fota keys new makes a key ring, NAME.ring.' : 'Name a PEM file that is there.';
      return [problem('config-invalid', { file, line: undefined, key }, says, remedy)];
    }
  });
}
