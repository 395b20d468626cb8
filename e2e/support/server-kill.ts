/** A server that can be killed at any moment, and devices on raw sockets that can be left in the middle of a body. */
import { fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ServerOptions } from '@libfota2/server';

/** What a call rejects with when the server was killed before it acknowledged. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface Killable {
  readonly port: number;
  /** What went wrong inside. */
  readonly problems: readonly string[];
  isGone(): boolean;
  /** Does it, and resolves when it is acknowledged. Rejects with {@link Killed}, or with the code of the refusal. */
  call<T>(verb: string, what?: Readonly<Record<string, unknown>>): Promise<T>;
  /** At once, as `kill -9` does. Resolves when the process is gone and all that it said has been heard. */
  kill(): Promise<void>;
}

interface Word {
  readonly port?: number;
  readonly problem?: string;
  readonly number?: number;
  readonly done?: unknown;
  readonly failed?: string;
}

export async function startKillable(dataDir: string, options: Partial<ServerOptions> = {}): Promise<Killable> {
  const script = fileURLToPath(new URL('../fixtures/server-kill.mjs', import.meta.url));
  const child = fork(script, [dataDir, JSON.stringify(options)], { execArgv: [] });
  const heard = new EventEmitter();
  heard.setMaxListeners(100);
  const problems: string[] = [];
  let isGone = false;
  let calls = 0;
  const exit = once(child, 'exit');
  // The last words may come after the exit, but never after the channel closed.
  const closed = once(child, 'disconnect').then(() => {
    isGone = true;
    heard.emit('gone');
  });
  const started = new Promise<number>((resolve, reject) => {
    child.on('message', (word: Word) => {
      if (word.port !== undefined) resolve(word.port);
      if (word.problem !== undefined) problems.push(word.problem);
      if (word.number !== undefined) heard.emit(`answer ${word.number}`, word);
    });
    heard.once('gone', () => reject(new Error(`the server did not start: ${problems.join('; ')}`)));
  });

  return {
    port: await started,
    problems,
    isGone: () => isGone,
    call: <T>(verb: string, what: Readonly<Record<string, unknown>> = {}) =>
      new Promise<T>((resolve, reject) => {
        calls += 1;
        const number = calls;
        const gone = (): void => reject(new Killed(verb));
        heard.once(`answer ${number}`, ({ done, failed }: Word) => {
          heard.off('gone', gone);
          if (failed === undefined) resolve(done as T);
          else reject(Object.assign(new Error(`${verb}: ${failed}`), { code: failed }));
        });
        heard.once('gone', gone);
        if (isGone) gone();
        else child.send({ number, verb, ...what }, (error) => error !== null && gone());
      }),
    async kill() {
      child.kill('SIGKILL');
      await Promise.all([exit, closed]);
    },
  };
}

/** What a device heard, however far it got. */
export interface Heard {
  /** `undefined` where not even the head came whole. */
  readonly status: number | undefined;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether the device went away by itself. */
  readonly isLeft: boolean;
  /** Whether there was anybody to ask. */
  readonly isAsked: boolean;
}

/** Asks as a device does, and goes away after `leaveAfter` bytes of the body. */
export function ask(port: number, target: string, headers: readonly string[], leaveAfter: number): Promise<Heard> {
  return new Promise((resolve) => {
    const reads: Buffer[] = [];
    let [bytes, headBytes, isLeft, isAsked] = [0, 0, false, false];
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      isAsked = true;
      socket.write(`${[`GET ${target} HTTP/1.1`, 'Host: h:1', ...headers].join('\r\n')}\r\n\r\n`);
    });
    socket.on('data', (chunk: Buffer) => {
      reads.push(chunk);
      bytes += chunk.length;
      if (headBytes === 0) headBytes = Buffer.concat(reads).indexOf('\r\n\r\n') + 4;
      if (headBytes < 4) headBytes = 0;
      else if (bytes - headBytes >= leaveAfter) {
        isLeft = true;
        socket.destroy();
      }
    });
    // A killed server resets, or refuses: what came before stays.
    socket.on('error', () => undefined);
    socket.once('close', () => resolve({ ...heardOf(Buffer.concat(reads)), isLeft, isAsked }));
  });
}

function heardOf(all: Buffer): Omit<Heard, 'isLeft' | 'isAsked'> {
  const end = all.indexOf('\r\n\r\n') + 4;
  if (end < 4) return { status: undefined, headers: {}, body: Buffer.alloc(0) };
  const [line = '', ...fields] = all.subarray(0, end).toString('latin1').trimEnd().split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 2)]),
  );
  return { status: Number(line.split(' ')[1]), headers, body: all.subarray(end) };
}

/** Numbers in [0, 1) that are the same on every machine (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
