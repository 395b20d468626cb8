import type { ResultNumber } from '@libfota2/protocol';
import { asFotaError, failure, storeFailure } from './errors.ts';
import { fromDocumented, type RequestOptions, type Settings, type UpgradeOptions } from './options.ts';
import { type CheckOutcome, type Failed, failed, type Outcome, type Story } from './outcome.ts';
import { type Facts, identityOf, type Plan, planQuestion } from './plan.ts';
import type { Ports } from './ports.ts';
import { type DeviceReport, type ReportOutcome, tell } from './report.ts';
import { createSys, type Patient, type Schedule, type Sys, startSchedule } from './schedule.ts';
import { createSharing, type Share } from './sharing.ts';
import type { ScheduleOptions } from './timing.ts';
import { deliver, inquire } from './transfer.ts';

/** What the core needs to serve a device: the ports, and what the device knows of itself. */
export interface World extends Omit<Ports, 'target' | 'notebook' | 'vault'> {
  /** The device's facts: those given, completed by the machine. */
  facts(given: Settings): Facts;
  /** Reports what a scheduled callback threw, or rejected with: the application hears of it, and goes on. */
  warn(error: unknown): void;
  /** Where images go by these settings. */
  place(settings: Settings): Pick<Ports, 'target' | 'notebook' | 'vault'>;
}

/** Gets the number 0 to 5, and the whole story. */
export type Callback = (result: ResultNumber, outcome: Outcome) => void;

/** One device's library: its settings, its running transfers and its timers. */
export interface Fota {
  /**
   * Asks for an upgrade and takes it (docs/protocol.md §1). Without `url` the IoT platform is asked. Calls back exactly
   * once, never before it returns. On 0 the application decides itself when to restart.
   * @throws TypeError at once when there is no callback
   */
  request(callback: Callback, options?: RequestOptions | null): void;
  /**
   * The same as a promise. Failures are outcomes too; it rejects only with the reason of an aborted `signal`.
   */
  upgrade(options?: UpgradeOptions): Promise<Outcome>;
  /** Asks whether there is an upgrade, without taking its body. Rejects only as `upgrade` does. */
  check(options?: UpgradeOptions): Promise<CheckOutcome>;
  /**
   * Tells the server how an upgrade went, or what runs (docs/protocol.md §11.3), at the `url` that is asked for upgrades. Once:
   * what did not get there may be told again, for the server knows a repeat. Rejects only as `upgrade` does.
   */
  report(report: DeviceReport, options?: UpgradeOptions): Promise<ReportOutcome>;
  /**
   * Requests again and again, jittered, never twice at a time, and not before the server wishes (`Retry-After`, at most a
   * day). A callback that throws, or returns a promise that rejects, ends neither the schedule nor the process: it is
   * reported as a warning.
   * @throws TypeError without a callback or with both `every` and `at`, RangeError for a time that is none
   */
  schedule(callback: Callback, options?: RequestOptions | null, timing?: ScheduleOptions): Schedule;
  /**
   * Adds to the settings; a name that is not given keeps its value, and so does `trust` where it is given as `undefined`.
   * Calls under way keep what they began with.
   */
  configure(settings: Settings): void;
  readonly sys: Sys;
}

/**
 * @param share what lets calls for one place share or queue; instances that may meet at one place have one in common
 */
export function createCore(
  world: World,
  given: Settings = {},
  share: Share<Outcome> = createSharing(world.clock),
): Fota {
  let settings: Settings = { ...given };

  /** Decides the question and finds the place; what cannot be asked at all ends as a failure. */
  const prepare = <End>(
    options: UpgradeOptions,
    go: (plan: Plan, ports: Ports) => Promise<End>,
  ): Promise<End | Failed> => {
    let plan: Plan;
    let ports: Ports;
    try {
      if (typeof options !== 'object') throw failure('option-invalid', 'The options must be an object.', 'prepare');
      plan = planQuestion(options, world.facts(settings), settings);
      ports = { ...world, ...placeOf(world, settings) };
    } catch (error) {
      return Promise.resolve(unasked(error));
    }
    return go(plan, ports);
  };

  const upgrade = async (options: UpgradeOptions = {}): Promise<Outcome> => {
    const { signal, onProgress } = options ?? {};
    if (signal?.aborted) throw signal.reason;
    return prepare(options, (plan, ports) =>
      // How patient a caller is does not make it another question.
      share(
        ports.target.place,
        JSON.stringify({ ...plan, policy: undefined }),
        { signal, onProgress },
        (shared, tell) => deliver({ plan, signal: shared, onProgress: tell }, ports),
      ),
    );
  };

  const check = async (options: UpgradeOptions = {}): Promise<CheckOutcome> => {
    const { signal } = options ?? {};
    if (signal?.aborted) throw signal.reason;
    return prepare(options, (plan, ports) => inquire({ plan, signal }, ports));
  };

  const report: Fota['report'] = async (told, options = {}) => {
    const { signal } = options ?? {};
    if (signal?.aborted) throw signal.reason;
    return prepare(options, (plan, ports) => {
      const identity = identityOf(options, world.facts(settings));
      return tell(told, { plan, identity, signal }, ports);
    });
  };

  /** For callbacks: every end is an outcome. */
  const ask = async (options: RequestOptions | null): Promise<Outcome> => {
    try {
      return await upgrade(documented(options));
    } catch (error) {
      return unasked(error);
    }
  };

  const request: Fota['request'] = (callback, options = null) => {
    checkCallback(callback, 'request');
    // From a turn of its own: what the callback throws is nobody's but its caller's.
    const tell = (outcome: Outcome) => world.clock.after(0, () => callback(outcome.result, outcome));
    void ask(options).then(tell);
  };

  /** `request` itself, where it is called by a timer, waits as long as its server wished last; anything else does not. */
  const patient = <Work>(work: Work): Patient<Work> => {
    const { clock } = world;
    let notBefore = 0;
    const obeying: Fota['request'] = (callback, options) => {
      checkCallback(callback, 'request');
      request((result, outcome) => {
        notBefore = clock.uptimeMs() + wishMs(outcome);
        callback(result, outcome);
      }, options);
    };
    return { work: work === request ? (obeying as Work) : work, waitMs: () => notBefore - clock.uptimeMs() };
  };

  return {
    request,
    upgrade,
    check,
    report,
    schedule(callback, options = null, timing = {}) {
      checkCallback(callback, 'schedule');
      const own = options && { ...options };
      const run = async (): Promise<number> => {
        const outcome = await ask(own);
        // Nobody is there to catch what it throws, and the next run must come all the same.
        void Promise.resolve()
          .then(() => callback(outcome.result, outcome))
          .catch(world.warn);
        return wishMs(outcome);
      };
      return startSchedule(run, timing, world.clock, world.random);
    },
    configure(added) {
      settings = { ...settings, ...added, trust: added.trust ?? settings.trust };
    },
    sys: createSys(world.clock, patient),
  };
}

/** A folder may be gone even before it is looked into: the working directory of a daemon, for one. */
function placeOf(world: World, settings: Settings): ReturnType<World['place']> {
  try {
    return world.place(settings);
  } catch (error) {
    throw storeFailure(error);
  }
}

/** What a server wishes must not silence a device for good. */
const LONGEST_WAIT_MS = 86_400_000;

export function wishMs({ retryAfterMs = 0 }: Pick<Story, 'retryAfterMs'>): number {
  return Math.min(retryAfterMs, LONGEST_WAIT_MS);
}

function checkCallback(callback: unknown, name: string): void {
  if (typeof callback === 'function') return;
  throw new TypeError(`${name} needs a callback: ${name}((result) => { … }, options)`);
}

/** Options that are no object stay what they are, for the plan to refuse. */
function documented(options: RequestOptions | null): UpgradeOptions {
  return options === null || typeof options !== 'object'
    ? ((options ?? {}) as UpgradeOptions)
    : fromDocumented(options);
}

const UNASKED: Omit<Story, 'message'> = {
  url: undefined,
  status: undefined,
  attempts: 0,
  bytes: 0,
  durationMs: 0,
  retryAfterMs: undefined,
};

/** An outcome that no request led to. */
function unasked(cause: unknown): Outcome & { readonly kind: 'failed' } {
  const error = asFotaError(cause);
  return { ...UNASKED, message: error.message, ...failed(error) };
}
