import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerOptions } from '@libfota2/server';

export const PROJECT_KEY: string = 'k'.repeat(32);

/** What a process holds after its garbage is gone: bytes, and connections. */
export interface Memory {
  readonly heap: number;
  readonly external: number;
  readonly rss: number;
  readonly sockets: number;
}

/** A server in a process of its own. */
export interface Served {
  readonly port: number;
  /** Where its admin side is, and what lets in there; `undefined` where `options.admin` does not switch it on. */
  readonly adminUrl: string | undefined;
  readonly token: string | undefined;
  /** What went wrong inside so far. */
  readonly problems: readonly string[];
  /** Rejects when the process is gone. */
  memory(): Promise<Memory>;
  /** Closes it with grace. Resolves to its exit code. */
  stop(): Promise<number | null>;
}

/** Starts a server with one project, and packages of these sizes of its firmware `app`: 1.1.0, 1.2.0, … */
export async function serve(
  onTestFinished: (clean: () => Promise<void>) => void,
  options: Partial<ServerOptions>,
  packages: readonly number[],
): Promise<Served> {
  const dataDir = await mkdtemp(join(tmpdir(), 'libfota2 served '));
  const script = fileURLToPath(new URL('../fixtures/upgrade-server.mjs', import.meta.url));
  const settings = JSON.stringify({ dataDir, projectKey: PROJECT_KEY, packages, ...options });
  const child = fork(script, [settings], { execArgv: ['--expose-gc'] });
  const gone = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await gone;
    await rm(dataDir, { recursive: true, force: true });
  });
  const problems: string[] = [];
  const told = <Word>(key: string): Promise<Word> =>
    new Promise((resolve, reject) => {
      void gone.then(([code, signal]) => reject(new Error(`the server ended by itself: ${code ?? signal}`)));
      const listen = (word: Readonly<Record<string, unknown>>): void => {
        if (!(key in word)) return;
        child.removeListener('message', listen);
        resolve(word[key] as Word);
      };
      child.on('message', listen);
    });
  child.on('message', (word: Readonly<Record<string, unknown>>) => {
    if ('problem' in word) problems.push(String(word['problem']));
  });
  return {
    ...(await told<Pick<Served, 'port' | 'adminUrl' | 'token'>>('started')),
    problems,
    memory() {
      const memory = told<Memory>('memory');
      if (child.connected) child.send('memory');
      return memory;
    },
    async stop() {
      if (child.connected) child.send('close');
      const [code] = (await gone) as [number | null];
      return code;
    },
  };
}

/** What a server sent before it closed the connection, and how it closed it. */
export interface Heard {
  readonly bytes: Buffer;
  /** `open`: it did not close while it was waited for. `unheard`: it was gone before all was sent. */
  readonly end: 'closed' | 'reset' | 'unheard' | 'open';
}

/** Sends pieces, each in a segment of its own, closes its own half if told, and hears the server to its end. */
export function talk(
  port: number,
  pieces: readonly Uint8Array[],
  { closes = false, patienceMs = 10_000 }: { readonly closes?: boolean; readonly patienceMs?: number } = {},
): Promise<Heard> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    const end = (how: Heard['end']): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ bytes: Buffer.concat(chunks), end: how });
    };
    const timer = setTimeout(() => end('open'), patienceMs);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => end('closed'));
    let unsent = pieces.length;
    socket.once('close', () => end(unsent > 0 ? 'unheard' : 'reset'));
    socket.on('error', () => undefined);
    socket.once('connect', async () => {
      for (const piece of pieces) {
        const failed = await new Promise((sent) => socket.write(piece, sent));
        if (failed instanceof Error) return;
        unsent -= 1;
        await new Promise(setImmediate);
      }
      if (closes) socket.end();
    });
  });
}

/** One HTTP answer, read by the letter. */
export interface ExactAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const STATUS_LINE = /^HTTP\/1\.1 ([2-5]\d\d) [A-Za-z' -]+$/;
const HEADER = /^([A-Za-z][A-Za-z0-9-]*): ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/;

/**
 * Reads what devices of all generations need (luatos.md L14–L17).
 * @throws Error that says what is wrong with it
 */
export function exactAnswer(bytes: Buffer): ExactAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  const wrong = (what: string): Error => new Error(`${what}: ${JSON.stringify(bytes.toString('latin1', 0, 600))}`);
  if (end < 0) throw wrong('no head');
  if (end + 4 >= 500) throw wrong('a head of 500 bytes and more');
  const [line = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(STATUS_LINE.exec(line)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw wrong('no status line');
  const headers = new Map<string, string>();
  for (const field of fields) {
    const [, name = '', value = ''] = HEADER.exec(field) ?? [];
    if (name === '') throw wrong(`no header: ${field}`);
    if (headers.has(name.toLowerCase())) throw wrong(`${name} twice`);
    headers.set(name.toLowerCase(), value);
  }
  if (headers.get('connection') !== 'close') throw wrong('not Connection: close');
  if (headers.has('transfer-encoding') || headers.has('content-encoding')) throw wrong('encoded');
  if (status !== 304 && !/^\d+$/.test(headers.get('content-length') ?? '')) throw wrong('no length');
  if ([...headers.keys()].filter((name) => name.startsWith('content-length')).length > 1) throw wrong('two lengths');
  return { status, headers, body: bytes.subarray(end + 4) };
}
