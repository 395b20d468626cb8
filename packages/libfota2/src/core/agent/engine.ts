import { createCore, type Fota, type World, wishMs } from '../fota.ts';
import type { CheckOutcome, Outcome } from '../outcome.ts';
import { newStop } from '../platform.ts';
import type { Target, Timer, Transport, Vault } from '../ports.ts';
import type { DeviceReport } from '../report.ts';
import { type Schedule, startSchedule } from '../schedule.ts';
import { createErrands, type Way } from './errands.ts';
import { type Happening, type Life, next, type Step, type Wait } from './lifecycle.ts';
import { createAgentMemory } from './memory.ts';
import type { Agent, AgentEvent, AgentOptions, AgentStatus } from './options.ts';

/** The longest nap on the way to the end of a wait: timers stand still while a machine sleeps. */
const NAP_MS = 10_000;
const LONGEST_WAIT_MS = 7 * 86_400_000;
const REPORT_TIMEOUT_MS = 30_000;

/**
 * The agent on any world: `lifecycle.ts` decides, `errands.ts` does it, `memory.ts` remembers, and this takes turns.
 *
 * Invariant: what is decided is durable before it is done.
 * @param vault for its journal
 */
export function createAgentOn(world: World, vault: Vault, options: AgentOptions): Agent {
  const { clock } = world;
  const { onEvent = () => {}, onStatus = () => {} } = options;
  const stop = newStop();
  const { signal } = stop;
  const memory = createAgentMemory(vault, world.hash);
  let sinceMs = clock.wallMs();
  let version: string | undefined;
  let progress: AgentStatus['progress'];
  let lastCheck: AgentStatus['lastCheck'];
  let keyRing: number | undefined;
  let retryAfterMs = 0;
  let schedule: Schedule | undefined;
  let waking: Timer | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let isRecalled = false;

  const status = (): AgentStatus => {
    const { stage, release, wait, failure } = memory.now.life;
    const inMs = schedule?.nextInMs;
    const nextCheckMs = inMs === undefined ? undefined : clock.wallMs() + inMs;
    return { stage, sinceMs, version, release, progress, wait, lastCheck, failure, nextCheckMs, keyRing };
  };
  const tellStatus = (): void => onStatus(status());
  const errands = createErrands(
    {
      ...options,
      async version() {
        version = await options.version();
        return version;
      },
    },
    clock,
    signal,
    (bytes, total) => {
      progress = { bytes, total };
      if (bytes === total) void adopt({ type: 'received' });
      tellStatus();
    },
  );

  /** What waits for its restart may be started by anybody, and is on trial then. */
  const look = async (): Promise<void> => {
    const standing = await errands.look();
    if (standing.isStarted || !standing.isTried) await round({ type: 'seen', standing }, usual);
  };
  /** Calls it once the wait is over. */
  const awaitEnd = (wait: Wait | undefined): void => {
    waking?.cancel();
    if (wait === undefined || signal.aborted) return;
    const endMs = clock.uptimeMs() + Math.min(wait.untilMs - clock.wallMs(), LONGEST_WAIT_MS);
    const nap = (): void => {
      const leftMs = endMs - clock.uptimeMs();
      if (leftMs <= 0) {
        void inTurn(() => round({ type: 'over' }, usual));
        return;
      }
      if (memory.now.life.stage === 'ready') void inTurn(look);
      waking = clock.after(Math.min(leftMs, NAP_MS), nap);
    };
    nap();
  };

  /** Makes of it what the machine says, and makes that durable. What is to be done. */
  const adopt = async (happened: Happening): Promise<Step['effects']> => {
    const { life, effects } = next(memory.now.life, happened);
    const before = memory.now.life;
    const reports: DeviceReport[] = [];
    for (const effect of effects) if (effect.type === 'report') reports.push(await worded(effect.report));
    if (life.stage !== before.stage) {
      sinceMs = clock.wallMs();
      if (life.stage !== 'verifying' && life.stage !== 'installing') progress = undefined;
    }
    if (life === before && reports.length === 0) return effects;
    await memory.keep({ life, owed: owing(memory.now.owed, reports) }).catch((error) => {
      // The boot record holds what must not be lost; a journal that cannot be written costs a question more.
      onEvent({ name: 'journal-unwritten', message: `The journal cannot be written: ${messageOf(error)}` });
    });
    if (life.wait !== before.wait) awaitEnd(life.wait);
    if (life.stage !== before.stage || life.wait !== before.wait) onEvent(eventOf(life));
    tellStatus();
    return effects;
  };
  const worded = async (report: DeviceReport): Promise<DeviceReport> => {
    if (report.state !== 'failed' && report.state !== 'rolled-back') return report;
    const lines = (await options.lastLines?.(report.state).catch(() => [])) ?? [];
    return { ...report, log: [...lines, ...(report.log ?? [])] };
  };

  const place = { ...options.place, target: watched(options.place.target, () => void adopt({ type: 'proven' })) };
  const fotaOf = (transport: Transport): Fota =>
    createCore({ ...world, transport, place: () => place }, options.settings ?? {});
  const own = fotaOf(world.transport);
  const heed = (outcome: CheckOutcome | Outcome): void => {
    const code = outcome.kind === 'available' ? 'available' : outcome.code;
    lastCheck = { atMs: clock.wallMs(), code, message: outcome.message };
    keyRing = outcome.keyRing?.serial ?? keyRing;
    retryAfterMs = wishMs(outcome);
    onEvent({ name: 'asked', message: outcome.message, code, url: outcome.url, status: outcome.status });
  };
  const usual: Way = { fota: own, url: undefined, isConsented: false, onOutcome: heed };

  /** Tells the server what it was not told yet, in order; what it refuses is not told again. */
  const pay = async (): Promise<void> => {
    const { owed } = memory.now;
    const [report] = owed;
    if (report === undefined || signal.aborted) return;
    version = await options.version();
    const outcome = await own.report(report, { ...options.question, version, timeoutMs: REPORT_TIMEOUT_MS, signal });
    const isOver = outcome.kind === 'reported' || !outcome.retryable;
    if (outcome.kind === 'failed') onEvent({ name: 'report-unsent', message: outcome.message, code: outcome.code });
    if (!isOver) return;
    await memory.keep({ ...memory.now, owed: memory.now.owed.filter((one) => one !== report) }).catch(() => undefined);
    await pay();
  };

  /** From what happened on, until nothing is left to do. */
  const round = async (first: Happening, way: Way): Promise<void> => {
    let happened: Happening | undefined = first;
    while (happened !== undefined) {
      const effects: Step['effects'] = await adopt(happened);
      happened = undefined;
      for (const { type } of effects) {
        if (type === 'report' || happened?.type === 'broke') continue;
        happened = await errands.perform(type, memory.now.life, way);
      }
    }
    const before = version;
    version = await options.version();
    if (version !== before) tellStatus();
    await pay();
  };
  const recall = async (): Promise<void> => {
    if (isRecalled) return;
    const isWhole = await memory.recall();
    if (!isWhole) onEvent({ name: 'journal-damaged', message: 'The journal cannot be read: begun anew.' });
    version = await options.version();
    const standing = await errands.look();
    isRecalled = true;
    awaitEnd(memory.now.life.wait);
    await options.place.markGood?.().catch((error) => {
      onEvent({ name: 'start-unmarked', message: `The place was not told of this start: ${messageOf(error)}` });
    });
    await round({ type: 'began', standing, nowMs: clock.wallMs() }, usual);
  };
  /** One after the other, and whatever one throws, the next comes. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result | undefined> => {
    const done = turn.then(async () => {
      try {
        await recall();
        return await work();
      } catch (error) {
        if (signal.aborted) return undefined;
        onEvent({ name: 'broke', message: messageOf(error) });
        return undefined;
      }
    });
    turn = done;
    return done;
  };
  const ask = async (type: 'due' | 'asked'): Promise<number> => {
    await inTurn(() => round({ type }, usual));
    tellStatus();
    return retryAfterMs;
  };

  return {
    start() {
      if (schedule !== undefined || signal.aborted) return;
      void inTurn(async () => undefined);
      schedule = startSchedule(() => ask('due'), options.schedule ?? {}, clock, world.random);
    },
    async checkNow() {
      await ask('asked');
    },
    async install({ transport, url, isConsented = false }) {
      let last: Outcome | CheckOutcome | undefined;
      const fota = fotaOf(transport);
      const onOutcome = (outcome: Outcome | CheckOutcome): void => {
        last = outcome;
      };
      const way: Way = { fota, url, isConsented, onOutcome };
      await inTurn(() => round({ type: 'asked' }, way));
      // Where something is on trial the place says so itself.
      return last ?? fota.upgrade({ ...options.question, url, version: await options.version(), signal });
    },
    get status() {
      return status();
    },
    async stop() {
      schedule?.stop();
      waking?.cancel();
      stop.abort(new Error('The agent was stopped.'));
      await turn;
    },
  };
}

function owing(owed: readonly DeviceReport[], reports: readonly DeviceReport[]): readonly DeviceReport[] {
  if (reports.length === 0) return owed;
  // A newer word takes the place of one on waiting: nobody needs to know why it once waited.
  return [...owed.filter(({ state }) => state !== 'deferred'), ...reports];
}

/** Says when all bytes are proven: from then on it is installed. */
function watched(target: Target, onProven: () => void): Target {
  return {
    place: target.place,
    size: () => target.size(),
    init: (size, kept) => target.init(size, kept),
    wait: () => target.wait(),
    read: (bytes) => target.read(bytes),
    write: (bytes) => target.write(bytes),
    mark: () => target.mark(),
    done(sha256) {
      onProven();
      return target.done(sha256);
    },
    finish: (ok) => target.finish(ok),
    forget: (kept) => target.forget(kept),
    suspend: () => target.suspend(),
  };
}

function eventOf({ stage, release, wait, failure }: Life): AgentEvent {
  const what = release?.version ?? release?.sha256?.slice(0, 12);
  if (wait !== undefined) return { name: 'waiting', message: wait.reason, ...wait, release: what };
  const failed = failure !== undefined && ['failed', 'rolled-back', 'idle'].includes(stage);
  const message = [stage, what, failed ? failure.message : undefined].filter((part) => part !== undefined).join(': ');
  return { name: stage, message, release: what, ...(failed && { code: failure.code }) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
