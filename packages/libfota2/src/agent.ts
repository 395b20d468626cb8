/**
 * libfota2/agent: keeps a device up to date by itself, and brings it back where a version does not hold.
 *
 * `createAgent({ dir, place: applicationSlots(dir), question: { url }, … }).start()`; `fota agent` is the same as a program.
 */
import * as fs from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createAgentOn } from './core/agent/engine.ts';
import type { Agent, AgentOptions } from './core/agent/options.ts';
import type { Notebook, Vault } from './core.ts';
import { type FileSystem, fileNotebook } from './node/update-file.ts';
import { nodeWorld } from './node/world.ts';

export { createAgentOn } from './core/agent/engine.ts';
export type { Life, Release, Stage, Wait } from './core/agent/lifecycle.ts';
export type { Agent, AgentEvent, AgentOptions, AgentStatus, Consent, Source } from './core/agent/options.ts';
export { fileTransport } from './node/file-transport.ts';
export { commandProbe, httpProbe, type Probe } from './node/probes.ts';
export { readRegularFile } from './node/regular-file.ts';

/** The journal of an agent in a folder: `agent.0` and `agent.1`. */
export function agentJournal(dir: string, files: FileSystem = fs): Vault {
  const notebook = (name: string): Notebook => fileNotebook(join(dir, name), join(dir, 'update.bin'), files);
  return [notebook('agent.0'), notebook('agent.1')];
}

/** @param options.dir the folder of its journal */
export function createAgent(options: AgentOptions & { readonly dir: string }): Agent {
  return createAgentOn(nodeWorld, agentJournal(resolve(options.dir)), options);
}
