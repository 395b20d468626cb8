import { createHash } from 'node:crypto';
import { type Answer, type Ask, DisconnectedError, type Facts, type Settings, type World } from 'libfota2/core';
import { FakeClock } from './clock.ts';
import { MemoryDisk } from './disk.ts';
import { testCrypto } from './signing.ts';

/** An answer as data; everything left out is as a plain 200 with a length has it. */
export interface ScriptedAnswer {
  readonly status?: number;
  /** Names in lower case. `content-length` is added where the framing is `length`. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Uint8Array | string;
  readonly framing?: Answer['framing'];
  /** Bytes that come at a time. */
  readonly pieceBytes?: number;
  /** What happens after so many bytes of the body. Default: the message ends where it should. */
  readonly fault?: { readonly afterBytes: number; readonly how: 'cut' | 'stall' | Error };
}

/** What the server does with a question: an answer, silence for ever, or an error as a transport throws it. */
export type Script = (ask: Ask, attempt: number) => ScriptedAnswer | 'silence' | Error;

/** A world without sockets and files, for tests of the core: a script for a server, memory for a disk, time at will. */
export interface FakeWorld extends World {
  readonly clock: FakeClock;
  readonly disk: MemoryDisk;
  /** Every question that was sent. */
  readonly asks: readonly Ask[];
  /** What was reported. */
  readonly warnings: readonly unknown[];
}

export interface FakeWorldOptions {
  /** Default: a clock that goes by itself. */
  readonly clock?: FakeClock;
  readonly disk?: MemoryDisk;
  /** Default: a device with the IMEI 860000000000001, and what it was given. */
  readonly facts?: (given: Settings) => Facts;
  /** Default: always one half. */
  readonly random?: () => number;
}

export function fakeWorld(script: Script, options: FakeWorldOptions = {}): FakeWorld {
  const clock = options.clock ?? new FakeClock({ auto: true });
  const disk = options.disk ?? new MemoryDisk();
  const asks: Ask[] = [];
  const warnings: unknown[] = [];
  return {
    clock,
    disk,
    asks,
    warnings,
    warn: (error) => void warnings.push(error),
    transport: {
      async open(ask) {
        if (ask.signal.aborted) throw ask.signal.reason;
        asks.push(ask);
        const scripted = script(ask, asks.length);
        if (scripted instanceof Error) throw scripted;
        ask.onConnected();
        if (scripted === 'silence') return silence(ask, clock);
        return toAnswer(scripted, ask, clock);
      },
    },
    hash: (algorithm) => {
      const hash = createHash(algorithm.replace('-', ''));
      return {
        update: (bytes) => void hash.update(bytes),
        base64: () => hash.copy().digest('base64'),
      };
    },
    ed25519: testCrypto.ed25519,
    random: options.random ?? (() => 0.5),
    facts: options.facts ?? ((given) => ({ idKind: 'imei', id: '860000000000001', ...given })),
    place: () => disk.place(),
  };
}

/** Nothing comes until the patience of the question or its caller ends. */
function silence(ask: Ask, clock: FakeClock): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (error: unknown): void => {
      timer.cancel();
      reject(error);
    };
    const timer = clock.after(ask.idleTimeoutMs, () =>
      end(new DisconnectedError('stalled', `Nothing came for ${ask.idleTimeoutMs} ms.`, 'transfer')),
    );
    ask.signal.addEventListener('abort', () => end(ask.signal.reason));
    if (ask.signal.aborted) end(ask.signal.reason);
  });
}

const encoder = new TextEncoder();

function toAnswer(scripted: ScriptedAnswer, ask: Ask, clock: FakeClock): Answer {
  const { status = 200, framing = 'length', fault } = scripted;
  const whole = typeof scripted.body === 'string' ? encoder.encode(scripted.body) : (scripted.body ?? new Uint8Array());
  const sent = fault === undefined ? whole : whole.subarray(0, fault.afterBytes);
  const pieceBytes = scripted.pieceBytes ?? 16_384;
  let closed = false;

  async function* body(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < sent.length; at += pieceBytes) {
      if (closed) throw lost();
      if (ask.signal.aborted) throw ask.signal.reason;
      yield sent.subarray(at, at + pieceBytes);
    }
    if (fault === undefined) return;
    if (fault.how === 'stall') await silence(ask, clock);
    throw fault.how instanceof Error ? fault.how : lost();
  }

  return {
    status,
    framing,
    headers: {
      ...(framing === 'length' ? { 'content-length': String(whole.length) } : {}),
      ...(framing === 'chunked' ? { 'transfer-encoding': 'chunked' } : {}),
      ...scripted.headers,
    },
    body: body(),
    close: () => {
      closed = true;
    },
  };
}

function lost(): DisconnectedError {
  return new DisconnectedError('connection-lost', 'The connection was lost.', 'transfer');
}
