import type { World } from '../core.ts';
import { nodeClock } from './clock.ts';
import { nodeEd25519 } from './ed25519.ts';
import { nodeFacts, variable } from './facts.ts';
import { nodeHash } from './hash.ts';
import { nodeTransport } from './http.ts';
import { updateFile } from './update-file.ts';

/** The ports of the core, wired to Node. */
export const nodeWorld: World = {
  transport: nodeTransport,
  clock: nodeClock,
  hash: nodeHash,
  ed25519: nodeEd25519,
  random: Math.random,
  warn: (error) => process.emitWarning(error instanceof Error ? error : String(error)),
  facts: nodeFacts,
  place(settings) {
    const files = updateFile(settings.dir ?? variable('DIR') ?? '.');
    const vault = settings.vault ?? files.vault;
    return settings.target === undefined
      ? { ...files, vault }
      : { target: settings.target, notebook: settings.notebook ?? files.notebook, vault };
  },
};
