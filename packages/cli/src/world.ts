/** What the command has of the process that it runs in. Tests give their own. */
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Writable } from 'node:stream';
import { typedUnseen } from './secret.ts';

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

export interface World {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths begin at. */
  readonly cwd: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Tells of Ctrl-C and its like until the function that it gives is called. */
  onSignal(listener: (signal: NodeJS.Signals) => void): () => void;
  /** What is piped into the command. */
  stdin(): AsyncIterable<Uint8Array>;
  /** What a person at the terminal answers; `undefined` where nobody sits there. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>;
  /** The same, of what nobody is to see; `undefined` where nobody sits there. @throws CommandError `interrupted` */
  askUnseen(question: string, signal: AbortSignal): Promise<string | undefined>;
  /** Ends the process at once, as the signal does where nobody listens. */
  die(signal: NodeJS.Signals): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The process itself. */
export function processWorld(): World {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    now: Date.now,
    onSignal(listener) {
      for (const signal of SIGNALS) process.on(signal, listener);
      return () => {
        for (const signal of SIGNALS) process.off(signal, listener);
      };
    },
    stdin: () => process.stdin,
    async ask(question, signal) {
      const { stdin, stderr } = process;
      if (!stdin.isTTY || !stderr.isTTY) return undefined;
      // No terminal to readline: Ctrl-C stays the signal that it is.
      const lines = createInterface({ input: stdin, output: stderr, terminal: false });
      try {
        return await Promise.race([lines.question(question, { signal }), once(lines, 'close').then(() => '')]);
      } finally {
        lines.close();
      }
    },
    async askUnseen(question, signal) {
      const { stdin, stderr } = process;
      if (!stdin.isTTY || !stderr.isTTY) return undefined;
      try {
        return await typedUnseen(stdin, signal, () => stderr.write(question));
      } finally {
        stderr.write('\n');
      }
    },
    die(signal) {
      for (const one of SIGNALS) process.removeAllListeners(one);
      process.kill(process.pid, signal);
    },
  };
}
