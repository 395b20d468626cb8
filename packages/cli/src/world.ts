/** What the command has of the process that it runs in. Tests give their own. */
import type { Writable } from 'node:stream';

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

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
    die(signal) {
      for (const one of SIGNALS) process.removeAllListeners(one);
      process.kill(process.pid, signal);
    },
  };
}
