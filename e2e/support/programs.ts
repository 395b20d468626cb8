import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface StartOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** A channel for `send`. Default false. */
  readonly ipc?: boolean | undefined;
}

/** A program that a test started, and what it has said so far on both its outputs. */
export interface Program {
  readonly pid: number;
  output(): string;
  /** Resolves with the match as soon as the output has one; rejects when the program ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends a message and waits for one back. */
  send(message: number): Promise<void>;
  /** Resolves to the exit code once the program is gone and its output complete. */
  readonly ended: Promise<number | null>;
  /** Ends it and what it started. */
  stop(): Promise<void>;
}

/** Starts a program with nothing of our environment but the search path. It leads a group of its own. */
export function start(command: string, args: readonly string[], options: StartOptions): Program {
  const stdio =
    options.ipc === true ? (['ignore', 'pipe', 'pipe', 'ipc'] as const) : (['ignore', 'pipe', 'pipe'] as const);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], HOME: options.cwd, ...options.env },
    detached: true,
    stdio: [...stdio],
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  let over = false;
  const ended = once(child, 'close').then(([code]) => {
    over = true;
    for (const listener of listeners) listener();
    return code as number | null;
  });
  ended.catch(() => undefined);

  return {
    pid: child.pid ?? -1,
    output: () => output,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output);
          if (match === null && !over) return;
          listeners.delete(look);
          if (match === null) reject(new Error(`${command} ended without saying ${pattern}:\n${output}`));
          else resolve(match);
        };
        listeners.add(look);
        ended.catch(reject);
        look();
      }),
    async send(message) {
      const reply = once(child, 'message');
      child.send(message);
      await reply;
    },
    ended,
    async stop() {
      if (child.pid === undefined) return;
      try {
        // The group outlives its leader as long as something that it started runs.
        process.kill(-child.pid, 'SIGTERM');
      } catch {
        // Gone already.
      }
      await ended;
    },
  };
}

/** Runs a program to its end; throws with its output when it fails. */
export async function run(command: string, args: readonly string[], options: StartOptions): Promise<string> {
  const program = start(command, args, options);
  const code = await program.ended;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${program.output()}`);
  return program.output();
}
