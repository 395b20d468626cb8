import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program, type Served, startNginx, startNode } from '../servers.ts';
import { type Discipline, type Firmware, PACKAGES_MIB, type Rival } from './disciplines.ts';
import { ID } from './wrk.ts';

/** The servers that take turns, and how each is asked for the same thing. */
export interface Arena {
  /** What the server holds at this moment. */
  look(): Promise<Holding>;
  contestants(discipline: Discipline): Promise<readonly Contestant[]>;
  /** Ends the server, and starts it again on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Contestant {
  readonly name: 'server' | Rival;
  readonly served: Served;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the body that each answer must have. */
  readonly bodyBytes: number;
}

/** What a server holds in memory. */
export interface Holding {
  readonly devices: number;
  /** Resident. */
  readonly rssBytes: number;
  /** The most that was ever resident. */
  readonly peakBytes: number;
  /** Alive on the heap. */
  readonly heapBytes: number;
}

const KEY = 'k'.repeat(32);

export async function openArena(): Promise<Arena> {
  const root = await mkdtemp(join(tmpdir(), 'libfota2-bench-'));
  const closers: (() => Promise<void>)[] = [() => rm(root, { recursive: true })];
  const file = (firmware: Firmware): string => join(root, `${firmware}.bin`);
  for (const [firmware, mib] of Object.entries(PACKAGES_MIB)) {
    await writeFile(file(firmware as Firmware), randomFillSync(Buffer.alloc(mib * 1024 ** 2)));
  }
  const offered = Object.keys(PACKAGES_MIB).map((firmware) => `${firmware}=${file(firmware as Firmware)}`);
  const start = (): Promise<Served> => startFota(join(root, 'data'), offered);
  let server = await start();
  closers.push(() => server.stop());
  const nginxProgram = program('nginx');
  const nginx = nginxProgram === undefined ? undefined : await startNginx(nginxProgram, root);
  if (nginx !== undefined) closers.push(nginx.stop);

  const startRival = async (rival: Rival, discipline: Discipline, answer: Answered): Promise<Served | undefined> => {
    if (rival === 'nginx') return nginx;
    const dir = await mkdtemp(join(root, `${rival}-`));
    const [head, body] = [join(dir, 'head.json'), join(dir, 'body')];
    const { status, headers } = answer;
    await writeFile(head, JSON.stringify({ status, headers }));
    await writeFile(body, answer.body);
    const served =
      rival === 'memory'
        ? await startNode('node:http', 'constant', [head, body])
        : await startNode('node:http', 'stream', [head, file(discipline.firmware)]);
    closers.push(served.stop);
    return served;
  };

  return {
    look: () => look(server),

    async contestants(discipline) {
      const { firmware, version, range, rivals } = discipline;
      const query = `?imei=${ID}&project_key=${KEY}&firmware_name=${firmware}&version=${version}`;
      const url = new URL(`/api/site/firmware_upgrade${query}`, server.origin);
      const part: Record<string, string> = range === undefined ? {} : { Range: `bytes=${range.join('-')}` };
      // Whoever goes on says with what.
      const headers = range === undefined ? part : { ...part, 'If-Range': (await ask(url, {})).headers['ETag'] ?? '' };
      const answer = await ask(url, headers);
      if (answer.status !== discipline.status) throw new Error(`${discipline.what}: the server says ${answer.status}`);
      const bodyBytes = answer.body.length;
      const all: Contestant[] = [{ name: 'server', served: server, url, headers, bodyBytes }];
      for (const [name] of rivals) {
        const served = await startRival(name, discipline, answer);
        if (served === undefined) continue;
        // nginx has another tag for it: the header that says with what would get the whole.
        const rival = {
          name,
          served,
          url: new URL(`/${firmware}.bin${query}`, served.origin),
          headers: part,
          bodyBytes,
        };
        const same = await ask(rival.url, part);
        if (same.status !== answer.status || digest(same.body) !== digest(answer.body)) {
          throw new Error(`${discipline.what}: ${served.name} says something else, ${same.status}`);
        }
        all.push(rival);
      }
      return all;
    },

    async restart() {
      await server.stop();
      server = await start();
    },

    async close() {
      for (const close of closers.reverse()) await close();
    },
  };
}

/** What a server holds that was just started, and knows no device. */
export async function emptyHolding(): Promise<Holding> {
  const root = await mkdtemp(join(tmpdir(), 'libfota2-bench-'));
  const server = await startFota(join(root, 'data'), []);
  try {
    return await look(server);
  } finally {
    await server.stop();
    await rm(root, { recursive: true });
  }
}

function startFota(dataDir: string, offered: readonly string[]): Promise<Served> {
  return startNode('the server', 'fota', [dataDir, KEY, ...offered], ['--expose-gc']);
}

async function look({ process }: Served): Promise<Holding> {
  const told = once(process, 'message');
  process.send('look');
  return (await told)[0] as Holding;
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One question of one device, and the whole answer but its date. */
function ask(url: URL, headers: Readonly<Record<string, string>>): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const target = `${url.origin}${url.pathname}${url.search}`.replace(ID, '860000000000000');
    get(target, { headers, agent: false }, async (response) => {
      const pairs = response.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [[name, all[i + 1] ?? '']] : []));
      const told = Object.fromEntries(pairs.filter(([name]) => name !== 'Date')) as Record<string, string>;
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({ status: response.statusCode ?? 0, headers: told, body: Buffer.concat(chunks) });
    }).on('error', reject);
  });
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
