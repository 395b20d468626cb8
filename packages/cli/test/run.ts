import { Writable } from 'node:stream';
import { main, type Output, type World } from '../src/main.ts';

/** What a call of the command did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A call that goes on until it is told to end. */
export interface Running {
  readonly ended: Promise<Ran>;
  /** Resolves with the match as soon as stdout has one. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** The same of stderr. */
  complains(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
}

interface Captured extends Output {
  text(): string;
  onText(listener: () => void): void;
}

/** What the command believes to speak to. Default: no terminal. */
interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

function capture(isTTY: boolean, columns: number): Captured {
  let text = '';
  const listeners: Array<() => void> = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      text += String(chunk);
      for (const listener of listeners) listener();
      done();
    },
  });
  return Object.assign(stream, {
    isTTY,
    columns,
    text: () => text,
    onText: (listener: () => void) => void listeners.push(listener),
  });
}

/** Runs the command in this process, its streams captured; nothing of our environment reaches it. */
export function begin(args: readonly string[], given: Partial<World> & Terminal = {}): Running {
  const { isTTY = false, columns = 100, ...world } = given;
  const stdout = capture(isTTY, columns);
  const stderr = capture(isTTY, columns);
  const listeners = new Set<(signal: NodeJS.Signals) => void>();
  const ended = main(args, {
    stdout,
    stderr,
    env: {},
    ask: async () => undefined,
    askUnseen: async () => undefined,
    onSignal(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    die: (signal) => {
      throw new Error(`died of ${signal}`);
    },
    ...world,
  }).then((code) => ({ code, stdout: stdout.text(), stderr: stderr.text() }));
  const seen = (stream: Captured, pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stream.text());
        if (match !== null) resolve(match);
      };
      stream.onText(look);
      ended.then(() => {
        reject(new Error(`ended without ${pattern}:\n${stdout.text()}${stderr.text()}`));
      }, reject);
      look();
    });
  return {
    ended,
    says: (pattern) => seen(stdout, pattern),
    complains: (pattern) => seen(stderr, pattern),
    signal(name) {
      for (const listener of [...listeners]) listener(name);
    },
  };
}

export function fota(args: readonly string[], given: Partial<World> & Terminal = {}): Promise<Ran> {
  return begin(args, given).ended;
}
