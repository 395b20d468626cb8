/** Every device protocol as one question: who asks, and what comes of it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IdKind, parseRefusal, plainTarget, wireVersion } from '@libfota2/protocol';
import {
  checkTurnkey,
  createFile,
  fetchTurnkey,
  type GenerationName,
  type LibraryName,
  simulate,
  type TurnkeyLibraryName,
} from '@libfota2/simulator';
import { createFota } from 'libfota2';

/** A device that runs VERSION on core 2012. */
export interface Asking {
  readonly id: string;
  readonly idKind: IdKind;
  readonly projectKey: string;
  readonly script: string;
  /** Three parts. */
  readonly version: string;
}

export interface Got {
  /** 0: the whole package; else what the server's answer says. */
  readonly code: number | undefined;
  readonly package: Buffer | undefined;
}

export interface Protocol {
  readonly name: string;
  ask(port: number, asking: Asking): Promise<Got>;
}

const CORE = 'V2012';
const MODEL = 'Air8000';

/** What each protocol calls the firmware, in its own words or by ours. */
export function firmwareNameOf({ script }: Pick<Asking, 'script'>): string {
  return `${script}_LuatOS-SoC_${MODEL}`;
}

export const PROTOCOLS: readonly Protocol[] = [
  luatos('libfota, the id last', '2023-10', 'libfota-1.0'),
  luatos('libfota', '2023-10', 'libfota'),
  luatos('libfota2 of 2024', '2024-06', 'libfota2-1.0'),
  luatos('libfota2 of late 2024', '2025-01', 'libfota2-2024-11'),
  luatos('libfota2 of today', 'now', 'libfota2-now'),
  libfota3('libfota3 of May 2026', '2026-05'),
  libfota3('libfota3', '2026-06'),
  { name: 'the library for Node', ask: askByLibrary },
  { name: 'the plain contract', ask: askPlainly },
];

function luatos(name: string, generation: GenerationName, library: LibraryName): Protocol {
  return {
    name,
    async ask(port, { id, idKind, projectKey, version, ...asking }) {
      const sink = createFile();
      const facts = {
        id: id === '' ? undefined : id,
        idKind,
        projectKey,
        firmwareName: firmwareNameOf(asking),
        version: wireVersion(version, CORE),
      };
      const connectTo = { host: '127.0.0.1', port };
      const { result, connections } = await simulate({
        generation,
        library,
        mode: 'dst',
        facts,
        connectTo,
        sink,
        timeoutMs: 5_000,
      });
      if (result === 0) return { code: 0, package: sink.contents() };
      return { code: connections.at(-1)?.heard?.code, package: undefined };
    },
  };
}

function libfota3(name: string, library: TurnkeyLibraryName): Protocol {
  return {
    name,
    async ask(port, { id, idKind, projectKey, script, version }) {
      const facts = {
        id,
        idKind,
        projectKey,
        model: MODEL,
        coreName: `LuatOS-SoC_${MODEL}`,
        coreId: '1',
        coreVersion: CORE.slice(1),
        scriptName: script,
        scriptVersion: version,
      };
      const options = { library, facts, connectTo: { host: '127.0.0.1', port }, timeoutMs: 5_000 };
      const { told, code } = await checkTurnkey(options);
      if (told === undefined) return { code, package: undefined };
      const sink = createFile();
      const { isTaken, run } = await fetchTurnkey(options, told, sink);
      return isTaken
        ? { code: 0, package: sink.contents() }
        : { code: run.connections.at(-1)?.heard?.code, package: undefined };
    },
  };
}

async function askByLibrary(port: number, { id, projectKey, version, ...asking }: Asking): Promise<Got> {
  const dir = await mkdtemp(join(tmpdir(), 'libfota2 asks '));
  try {
    const fota = createFota({ dir, core: CORE, version });
    const outcome = await fota.upgrade({
      url: `http://127.0.0.1:${port}/upgrade`,
      imei: id,
      productKey: projectKey,
      firmwareName: firmwareNameOf(asking),
    });
    if (outcome.kind === 'downloaded') return { code: 0, package: await readFile(outcome.file) };
    return { code: outcome.kind === 'no-upgrade' ? outcome.refusal?.code : undefined, package: undefined };
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function askPlainly(port: number, { version, ...asking }: Asking): Promise<Got> {
  const firmwareName = firmwareNameOf(asking);
  const target = plainTarget({ ...asking, firmwareName, version: wireVersion(version, CORE) });
  const answer = await fetch(`http://127.0.0.1:${port}${target}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status === 200) return { code: 0, package: bytes };
  return { code: parseRefusal(bytes.toString())?.code, package: undefined };
}
