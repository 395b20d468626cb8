import type { World } from '../core.ts';
import { nodeClock } from './clock.ts';
import { nodeFacts, variable } from './facts.ts';
import { nodeHash } from './hash.ts';
import { nodeTransport } from './http.ts';
import { updateFile } from './update-file.ts';

/** The ports of the core, wired to Node. */
export const nodeWorld: World = {
  transport: nodeTransport,
  clock: nodeClock,
  hash: nodeHash,
  random: Math.random,
  warn: (error) => process.emitWarning(error instanceof Error ? error : String(error)),
  facts: nodeFacts,
  place(settings) {
    const files = updateFile(settings.dir ?? variable('DIR') ?? '.');
    return settings.target === undefined
      ? files
      : { target: settings.target, notebook: settings.notebook ?? files.notebook };
  },
};
