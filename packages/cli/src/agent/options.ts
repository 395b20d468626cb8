/** What the engine of the library is given, of a configuration. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Window } from '@libfota2/server/domain';
import { type AgentOptions, type AgentStatus, type Consent, httpProbe } from 'libfota2/agent';
import type { Trials } from 'libfota2/slots';
import { CommandError } from '../failure.ts';
import type { Application } from './application.ts';
import { type AgentConfig, placeDir } from './config.ts';
import { consentBy } from './consent.ts';
import { cronTimes } from './cron.ts';
import { runHook } from './hook.ts';
import type { CommandWords } from './kinds.ts';
import type { Level, Tell } from './log.ts';
import { versionBy } from './version.ts';
import { windowIn } from './windows.ts';

/** What the engine has of the agent around it. */
export interface Around {
  readonly place: Trials;
  readonly tell: Tell;
  readonly now: () => number;
  /** Ends what is asked of others. */
  readonly signal: AbortSignal;
  readonly onStatus: (status: AgentStatus) => void;
  /** Where the agent itself runs the application. */
  readonly application: Pick<Application, 'restart' | 'lastLines' | 'state'> | undefined;
  /** No agent runs, and so nobody who would start an application. */
  readonly isAlone?: boolean | undefined;
}

const NOBODY: Consent = { reason: 'the agent does not run, and would start it', forMs: 1_000 };

const PROBE_MS = 10_000;
const RESTART_MS = 60_000;
const START_MS = 5_000;
const LOOK_MS = 25;
/** A look may be a process of another program. */
const SELDOM_MS = 1_000;
const CRON_JITTER_MS = 30 * 60_000;

/** @throws CommandError `file-unreadable` for the key ring or the authority */
export async function optionsOf(config: AgentConfig, around: Around): Promise<AgentOptions & { readonly dir: string }> {
  const { values, folder } = config;
  const { tell, now, signal, application } = around;
  const consent = (what: 'install' | 'restart') =>
    consentBy(
      {
        windows: values[`windows.${what}`].map(windowIn).filter((window): window is Window => window !== undefined),
        command: values[`consent.may-${what}`],
        folder,
        againMs: values['consent.again'],
        signal,
      },
      now,
      (message) => tell('warn', 'consent-odd', message),
    );
  const restart = values['restart.command'];
  const [trust, ca] = [await textOf(values.trust), await textOf(values.ca)];
  return {
    dir: placeDir(config),
    place: around.place,
    settings: { trust, core: values.core, productKey: values.key, imei: values.id, hardware: values.hardware },
    question: {
      url: values.url,
      firmwareName: values.firmware,
      ca,
      timeoutMs: values.timeout,
      maxBytes: values['max-bytes'],
    },
    version: versionBy(config, (message) => tell('warn', 'version-unknown', message)),
    async restart() {
      if (restart === undefined) await application?.restart();
      else await ordered(restart, folder, signal);
      await started(around.place, values['place.kind'] === 'application' ? LOOK_MS : SELDOM_MS, signal);
    },
    probe: runningProbe(probeOf(config), application),
    probeWithinMs: withinOf(config),
    probeForMs: values['health.steady'],
    schedule: { ...scheduleOf(config), runNow: await isDueAtOnce(config, around.place) },
    mayInstall: consent('install'),
    mayReboot: around.isAlone === true && restart === undefined ? async () => NOBODY : consent('restart'),
    onStatus: around.onStatus,
    onEvent: ({ name, message, ...fields }) => tell(levelOf(name, fields), name, message, fields),
    lastLines: linesBy(config, around),
  };
}

async function ordered(command: CommandWords, cwd: string, signal: AbortSignal): Promise<void> {
  const { code, line } = await runHook(command, { cwd, withinMs: RESTART_MS, signal });
  if (code !== 0) throw new Error(line || `${command[0]} ended with ${code}`);
}

/** A launcher needs a moment until it shows what it starts; a machine that starts anew ends the wait with everything else. */
async function started(place: Trials, everyMs: number, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_MS && !signal.aborted; waitedMs += everyMs) {
    // What cannot be read says nothing of what was started.
    const { isStarted } = await place.standing().catch(() => ({ isStarted: false }));
    if (isStarted) return;
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

function linesBy(
  { values, folder }: AgentConfig,
  { application, signal }: Pick<Around, 'application' | 'signal'>,
): AgentOptions['lastLines'] {
  const log = values['restart.log'];
  if (log !== undefined) return async () => (await runHook(log, { cwd: folder, withinMs: PROBE_MS, signal })).lines;
  return application && ((about) => application.lastLines(about));
}

function probeOf({ values, folder }: AgentConfig): AgentOptions['probe'] {
  const { 'health.command': command, 'health.http': url } = values;
  if (command === undefined) return url === undefined ? undefined : httpProbe(url, PROBE_MS);
  return async (signal) => {
    const { code, line } = await runHook(command, { cwd: folder, withinMs: PROBE_MS, signal });
    return code === 0 ? undefined : line || `${command[0]} ended with ${code}`;
  };
}

/** Somebody else may answer at its port, and what ends and is started again is not well in between. */
function runningProbe(probe: AgentOptions['probe'], application: Around['application']): AgentOptions['probe'] {
  if (probe === undefined || application === undefined) return probe;
  let last: number | undefined;
  return async (signal) => {
    const { pid } = application.state;
    const isAnother = last !== undefined && pid !== undefined && pid !== last;
    last = pid ?? last;
    if (pid === undefined) return 'the application does not run';
    return isAnother ? 'the application ended, and was started again' : probe(signal);
  };
}

/** Where nobody asks whether it is well, it has as long to confirm itself as its launcher gives it; U-Boot counts no minutes. */
function withinOf({ values }: AgentConfig): number | undefined {
  const isProbed = values['health.command'] !== undefined || values['health.http'] !== undefined;
  if (isProbed || values['place.kind'] === 'installer') return values['health.within'];
  const minutes = values['place.minutes'];
  return values['place.kind'] === 'partitions' && minutes > 0 ? minutes * 60_000 : undefined;
}

function scheduleOf({ values }: AgentConfig): NonNullable<AgentOptions['schedule']> {
  const { 'schedule.cron': pattern, 'schedule.every': every, 'schedule.jitter': jitter } = values;
  const next = pattern === undefined ? undefined : cronTimes(pattern);
  return next === undefined ? { every, jitter } : { next, jitter: jitter ?? CRON_JITTER_MS };
}

/** Whoever has nothing to run has nothing to wait for; where nobody can tell, there is something. */
async function isDueAtOnce({ values }: AgentConfig, place: Trials): Promise<boolean> {
  if (values['schedule.at-start'] || values['place.kind'] !== 'application') return values['schedule.at-start'];
  return place.standing().then(
    ({ runs }) => runs === undefined,
    () => false,
  );
}

const LEVEL_OF: Readonly<Record<string, Level>> = {
  failed: 'error',
  'rolled-back': 'error',
  broke: 'error',
  'journal-unwritten': 'error',
  'start-unmarked': 'error',
  'journal-damaged': 'warn',
  'report-unsent': 'warn',
};

function levelOf(name: string, { code }: { readonly code?: unknown }): Level {
  if (name === 'idle') return code === undefined ? 'debug' : 'warn';
  return LEVEL_OF[name] ?? 'info';
}

async function textOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return readFile(path, 'utf8').catch((error: Error) => {
    throw new CommandError('file-unreadable', `${path} cannot be read: ${error.message}`, { cause: error });
  });
}
