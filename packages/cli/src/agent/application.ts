/** The application of a place, which the agent itself starts by the launcher, and starts again whenever it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from './hook.ts';
import type { CommandWords } from './kinds.ts';
import { eachLine } from './lines.ts';
import type { Tell } from './log.ts';
import { endOrphans, forgetStart, NOTING } from './orphans.ts';
import { signalGroup } from './processes.ts';

export interface ApplicationOptions {
  /** Of the place; absolute. */
  readonly dir: string;
  readonly launcher: string;
  readonly command: CommandWords;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly stopWithinMs: number;
  /** The slot whose version was given up. */
  readonly fellIn: () => Promise<string | undefined>;
  /** Whether there is a version to start. Where that fails, the launcher will know. */
  readonly isInstalled: () => Promise<boolean>;
  readonly tell: Tell;
  /** It began or ended to run. */
  readonly onChange: () => void;
  readonly now: () => number;
}

export interface ApplicationState {
  /** `undefined` while it does not run. */
  readonly pid: number | undefined;
  /** Milliseconds since 1970 since which that is so. */
  readonly sinceMs: number;
  /** How often it was started since the agent was. */
  readonly starts: number;
}

export interface Application {
  /** From now on it runs, whenever there is a version to run. What an agent that died has left is ended first. */
  start(): Promise<void>;
  /** Ends what runs; resolves once that is gone, and the next start is on its way. */
  restart(): Promise<void>;
  /** Ends what runs, for good. */
  stop(): Promise<void>;
  /** What was written last: by the version that runs, or by the one that was given up. */
  lastLines(about: 'failed' | 'rolled-back'): Promise<readonly string[]>;
  readonly state: ApplicationState;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 60_000;
/** Whoever lived so long is started again as at first. */
const WELL_MS = 60_000;
const KEPT_LINES = 20;

/**
 * Invariant: never two at once. Whatever ends the application, its whole process group is ended before the next start; each start
 * notes itself, so that the agent after a killed one finds it.
 */
export function keepRunning(options: ApplicationOptions): Application {
  const { dir, tell, now, stopWithinMs } = options;
  /** By slot, of the version that ran there last. */
  const lines = new Map<string, string[]>();
  let slot = '';
  let state: ApplicationState = { pid: undefined, sinceMs: now(), starts: 0 };
  let child: ChildProcess | undefined;
  let keeping: Promise<void> | undefined;
  let pausing = new AbortController();
  let isOver = false;

  /** What is in a slot was changed only while another one ran. */
  const enter = (): void => {
    const shown = slotShown(dir);
    if (shown !== slot || !lines.has(shown)) lines.set(shown, []);
    slot = shown;
  };
  const heard = (line: string): void => {
    tell('info', 'application', line);
    const kept = lines.get(slot) ?? [];
    if (line.trim() !== '') kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
  };

  /** One life; resolves to how long it was, in milliseconds. */
  const live = async (): Promise<number> => {
    const began = performance.now();
    const one = begin(options);
    child = one;
    state = { pid: one.pid, sinceMs: now(), starts: state.starts + 1 };
    tell('info', 'application-started', `the application runs as process ${one.pid}`, { pid: one.pid });
    options.onChange();
    let isFirst = true;
    const said = (line: string): void => {
      // By now the launcher has shown what it starts.
      if (isFirst) enter();
      isFirst = false;
      heard(line);
    };
    for (const stream of [one.stdout, one.stderr]) eachLine(stream, said);
    const how = await ended(one);
    // Whom it leaves behind would share ports and files with the next one.
    if (one.pid !== undefined) {
      signalGroup(one.pid, 'SIGKILL');
      await forgetStart(dir, one.pid);
    }
    child = undefined;
    state = { ...state, pid: undefined, sinceMs: now() };
    tell(pausing.signal.aborted ? 'info' : 'warn', 'application-ended', how);
    options.onChange();
    return performance.now() - began;
  };

  /** Whatever stands in its way now, it is tried again; half a start must not stay beside the next one. */
  const unable = (error: Error): number => {
    if (child?.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    tell('error', 'application-unstarted', `the application cannot be started: ${error.message}`);
    return 0;
  };

  const keep = async (): Promise<void> => {
    for (let pauseMs = FIRST_PAUSE_MS; !isOver; ) {
      pausing = new AbortController();
      const isInstalled = await options.isInstalled().catch(() => true);
      if (isOver) return;
      const livedMs = isInstalled ? await live().catch(unable) : 0;
      if (livedMs >= WELL_MS || pausing.signal.aborted) pauseMs = FIRST_PAUSE_MS;
      if (!isOver) await sleep(pauseMs, undefined, { signal: pausing.signal }).catch(() => undefined);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  };

  /** SIGTERM to all of it, later SIGKILL. */
  const end = async (): Promise<void> => {
    pausing.abort();
    const { pid, exitCode, signalCode } = child ?? {};
    if (child === undefined || pid === undefined || exitCode !== null || signalCode !== null) return;
    const gone = once(child, 'exit');
    signalGroup(pid, 'SIGTERM');
    const patience = new AbortController();
    void sleep(stopWithinMs, undefined, { signal: patience.signal }).then(
      () => signalGroup(pid, 'SIGKILL'),
      () => undefined,
    );
    await gone;
    patience.abort();
  };

  return {
    async start() {
      const killed = await endOrphans(dir);
      for (const pid of killed) tell('warn', 'orphan-ended', `process ${pid} of an agent that died was ended`, { pid });
      keeping = keep();
    },
    restart: end,
    async stop() {
      isOver = true;
      await end();
      await keeping;
    },
    async lastLines(about) {
      const fell = about === 'rolled-back' ? await options.fellIn().catch(() => undefined) : undefined;
      return [...(lines.get(fell ?? slot) ?? [])];
    },
    get state() {
      return state;
    },
  };
}

/** It leads a group of its own, notes itself, and is the launcher from then on. */
function begin({ dir, launcher, command }: ApplicationOptions): ChildProcess {
  return spawn('sh', ['-c', NOTING, 'sh', dir, String(process.pid), launcher, dir, ...command], {
    cwd: dir,
    env: childEnvironment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Of the slot that the launcher showed last. */
function slotShown(dir: string): string {
  try {
    return basename(readlinkSync(join(dir, 'current')));
  } catch {
    return '';
  }
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(`the application cannot be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      resolve(`the application ended ${signal === null ? `with ${code}` : `by ${signal}`}`);
    });
  });
}
