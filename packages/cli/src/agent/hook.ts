/** Runs a command of the configuration to its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Signal } from 'libfota2/core';
import type { CommandWords } from './kinds.ts';
import { eachLine } from './lines.ts';
import { signalGroup } from './processes.ts';

/** How it ended. */
export interface HookEnd {
  /** `undefined`: it could not be started, or a signal ended it. */
  readonly code: number | undefined;
  /** The first line that it wrote, to stdout or else to stderr; else what befell it. */
  readonly line: string;
  /** The last lines that it wrote to stdout. */
  readonly lines: readonly string[];
}

export interface HookOptions {
  /** Where it runs. */
  readonly cwd: string;
  /** Beside the agent's own environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds after which it is killed, with all that it started. */
  readonly withinMs: number;
  readonly signal?: Signal | undefined;
}

const MOST_LINES = 20;
/** What a command started in the background may hold its output for ever. */
const OUTPUT_MS = 500;

/** Never rejects: a command that cannot be started has ended. */
export function runHook([program = '', ...args]: CommandWords, options: HookOptions): Promise<HookEnd> {
  const { cwd, env, withinMs, signal } = options;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...childEnvironment(), ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] };
    const first = { stdout: '', stderr: '' };
    let befell: string | undefined;
    const kill = (why: string): void => {
      befell ??= why;
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => kill(`${program} was not done within ${withinMs / 1_000} s`), withinMs);
    const onAbort = (): void => kill(`${program} was ended`);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
    for (const name of ['stdout', 'stderr'] as const) {
      eachLine(child[name], (line) => {
        first[name] ||= line.trim();
        lines[name] = [...lines[name].slice(1 - MOST_LINES), line];
      });
    }
    const end = (code: number | null): void => {
      // Whoever holds the other end still, nobody listens any more.
      for (const stream of pipesOf(child)) stream.destroy();
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      const line = befell ?? (first.stdout || first.stderr);
      resolve({ code: befell === undefined ? (code ?? undefined) : undefined, line, lines: lines.stdout });
    };
    child.on('error', (error) => {
      befell ??= `${program} cannot be started: ${error.message}`;
      end(null);
    });
    child.on('exit', (code, name) => {
      if (name !== null) befell ??= `${name} ended ${program}`;
      const enough = setTimeout(end, OUTPUT_MS, code);
      child.on('close', () => {
        clearTimeout(enough);
        end(code);
      });
    });
  });
}

/** None where the system had no handles left for them, whatever the types say. */
function pipesOf({ stdout, stderr }: ChildProcess): readonly Readable[] {
  return [stdout, stderr].filter((stream) => stream !== null && stream !== undefined);
}

/** systemd would take others for the agent, who knew these. */
const OWN_VARIABLES = new Set(['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC']);

/** The agent's own environment, without what belongs to the agent alone. */
export function childEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN_VARIABLES.has(name)));
}
