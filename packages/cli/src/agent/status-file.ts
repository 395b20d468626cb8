/** How the agent is, as a file that outlives it. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentStatus } from 'libfota2/agent';
import type { ApplicationState } from './application.ts';
import { isAlive, type ProcessIdentity, thisProcess } from './processes.ts';

const NAME = 'agent.json';
const FORMAT = 1;
/** Milliseconds between two writes while only the progress changes. */
const PROGRESS_MS = 1_000;

/** Times are ISO 8601; what is not known is not there. */
export interface AgentReport {
  readonly format: typeof FORMAT;
  readonly agent: ProcessIdentity & { readonly config: string; readonly socket?: string | undefined };
  /** When this was written. */
  readonly at: string;
  readonly stage: AgentStatus['stage'];
  readonly since: string;
  /** What runs. */
  readonly version?: string | undefined;
  readonly release?: AgentStatus['release'];
  readonly progress?: AgentStatus['progress'];
  readonly wait?: { readonly reason: string; readonly until: string } | undefined;
  readonly lastCheck?: { readonly at: string; readonly code: string; readonly message: string } | undefined;
  readonly nextCheck?: string | undefined;
  readonly failure?: AgentStatus['failure'];
  readonly keyRing?: number | undefined;
  /** What the agent itself runs. */
  readonly application?:
    | { readonly pid?: number | undefined; readonly since: string; readonly starts: number }
    | undefined;
}

export interface Situation {
  readonly config: string;
  readonly socket: string | undefined;
  readonly status: AgentStatus;
  readonly application: ApplicationState | undefined;
}

export function reportOf({ config, socket, status, application }: Situation, now: number): AgentReport {
  const { stage, sinceMs, version, release, progress, wait, lastCheck, nextCheckMs, failure, keyRing } = status;
  return {
    format: FORMAT,
    agent: { ...thisProcess(), config, socket },
    at: iso(now),
    stage,
    since: iso(sinceMs),
    version,
    release,
    progress,
    wait: wait && { reason: wait.reason, until: iso(wait.untilMs) },
    lastCheck: lastCheck && { at: iso(lastCheck.atMs), code: lastCheck.code, message: lastCheck.message },
    nextCheck: nextCheckMs === undefined ? undefined : iso(nextCheckMs),
    failure,
    keyRing,
    application: application && {
      pid: application.pid,
      since: iso(application.sinceMs),
      starts: application.starts,
    },
  };
}

/** Writes reports, each as a whole; of those that come too fast the last. */
export interface StatusFile {
  write(report: AgentReport): void;
  /** Resolves once the last one is written. */
  flush(): Promise<void>;
}

/** `onFailure` hears of a file that cannot be written, once: a full disk must not end the agent. */
export function statusFile(dir: string, onFailure: (error: Error) => void): StatusFile {
  const path = join(dir, NAME);
  let latest: AgentReport | undefined;
  let before = '';
  let writtenMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let hasFailed = false;

  const put = async (): Promise<void> => {
    if (latest === undefined) return;
    const report = latest;
    latest = undefined;
    try {
      await writeFile(`${path}.new`, `${JSON.stringify(report, undefined, 2)}\n`);
      await rename(`${path}.new`, path);
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) onFailure(error as Error);
      hasFailed = true;
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writtenMs = performance.now();
    writing = writing.then(put);
    return writing;
  };
  return {
    write(report) {
      latest = report;
      // The next check is so and so far away: as a moment it trembles by milliseconds.
      const now = JSON.stringify({ ...report, at: undefined, progress: undefined, nextCheck: undefined });
      const dueMs = writtenMs + PROGRESS_MS - performance.now();
      if (now !== before || dueMs <= 0) void flush();
      else timer ??= setTimeout(() => void flush(), dueMs);
      before = now;
    },
    flush,
  };
}

/** What was reported last, and whether the agent that did so lives; `undefined` where none ever ran here. */
export async function readStatus(
  dir: string,
): Promise<{ readonly report: AgentReport; readonly isRunning: boolean } | undefined> {
  const text = await readFile(join(dir, NAME), 'utf8').catch(() => '');
  try {
    const report = JSON.parse(text) as AgentReport;
    return report.format === FORMAT ? { report, isRunning: isAlive(report.agent) } : undefined;
  } catch {
    return undefined;
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
