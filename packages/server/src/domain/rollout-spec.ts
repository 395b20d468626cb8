import { isUsableId } from './decide.ts';
import { FotaServerError } from './errors.ts';
import {
  NO_LIMITS,
  type RolloutLimits,
  type RolloutSpec,
  type Target,
  type Threshold,
  type Wave,
  type Window,
} from './rollout.ts';
import { isTimeZone } from './windows.ts';

type Loose<T> = { readonly [Name in keyof T]?: T[Name] | undefined };

/** What an operator asks for; the rest are defaults. */
export interface RolloutRequest extends Loose<Omit<RolloutSpec, 'release' | 'pause' | 'limits'>> {
  readonly release: number;
  readonly pause?:
    | { readonly wave?: Loose<Threshold> | undefined; readonly overall?: Loose<Threshold> | undefined }
    | undefined;
  readonly limits?: Loose<RolloutLimits> | undefined;
}

const HOUR_MS = 3_600_000;
const YEAR_MS = 366 * 24 * HOUR_MS;
const MOST_WAVES = 20;
const MOST_WINDOWS = 20;
/** Ids of all lists of a rollout together: they are kept in memory. */
const MOST_IDS = 100_000;

/** What is not said of a rollout: careful enough for a Friday. */
export const ROLLOUT_DEFAULTS: Omit<RolloutSpec, 'release'> = {
  target: { kind: 'all' },
  waves: [{ percent: 5 }, { percent: 25 }, { percent: 100 }],
  startAt: undefined,
  windows: [],
  timeZone: 'UTC',
  soakMs: 24 * HOUR_MS,
  confirm: { percent: 80 },
  pause: {
    wave: { count: undefined, percent: 10, ofAtLeast: 10 },
    overall: { count: undefined, percent: 5, ofAtLeast: 50 },
  },
  silentAfterMs: 24 * HOUR_MS,
  mayDowngrade: false,
  limits: NO_LIMITS,
};

/** The request with its defaults. @throws FotaServerError `rollout-invalid` */
export function specOf(request: RolloutRequest): RolloutSpec {
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  const { pause: defaultPause, limits: defaultLimits } = ROLLOUT_DEFAULTS;
  const spec: RolloutSpec = {
    ...ROLLOUT_DEFAULTS,
    ...given,
    release: request.release,
    pause: {
      wave: thresholdOf(defaultPause.wave, request.pause?.wave),
      overall: thresholdOf(defaultPause.overall, request.pause?.overall),
    },
    limits: { ...defaultLimits, ...request.limits },
  };
  checkTarget(spec.target);
  checkWaves(spec.waves);
  checkWindows(spec.windows, spec.timeZone);
  checkAmounts(spec);
  checkIdCount(spec);
  return spec;
}

/** Whoever says one of both does not mean the default of the other. */
function thresholdOf(before: Threshold, given: Loose<Threshold> | undefined): Threshold {
  const { count, percent, ofAtLeast = before.ofAtLeast } = given ?? before;
  return { count, percent, ofAtLeast };
}

function checkTarget(target: Target): void {
  if (target.kind !== 'list') return;
  if (target.ids.length === 0) throw invalid('its list names no device');
  checkIds(target.ids);
}

function checkWaves(waves: readonly Wave[]): void {
  if (waves.length === 0 || waves.length > MOST_WAVES)
    throw invalid(`it has 1 to ${MOST_WAVES} waves, not ${waves.length}`);
  let before = 0;
  for (const wave of waves) {
    if ('ids' in wave) {
      if (wave.ids.length === 0) throw invalid('a wave names no device');
      checkIds(wave.ids);
    } else {
      checkPercent('a wave', wave.percent);
      if (wave.percent < before)
        throw invalid(`a wave of ${wave.percent} % after one of ${before} % would drop devices`);
      before = wave.percent;
    }
  }
}

function checkIds(ids: readonly string[]): void {
  const wrong = ids.find((id) => !isUsableId(id));
  if (wrong !== undefined) throw invalid(`${JSON.stringify(wrong.slice(0, 128))} is no device id`);
}

function checkIdCount({ target, waves }: RolloutSpec): void {
  const lists = [
    ...(target.kind === 'list' ? [target.ids] : []),
    ...waves.map((wave) => ('ids' in wave ? wave.ids : [])),
  ];
  const count = lists.reduce((sum, ids) => sum + ids.length, 0);
  if (count > MOST_IDS) throw invalid(`its lists name ${count} devices, ${MOST_IDS} are kept: give them a label`);
}

function checkWindows(windows: readonly Window[], timeZone: string): void {
  if (!isTimeZone(timeZone)) throw invalid(`"${timeZone.slice(0, 64)}" is no time zone such as Asia/Shanghai`);
  if (windows.length > MOST_WINDOWS) throw invalid(`it has at most ${MOST_WINDOWS} windows`);
  for (const { days, from, to } of windows) {
    checkRange('a window begins at a minute of the day', from, 0, 1_439);
    checkRange('a window ends at a minute of the day', to, 0, 1_440);
    if (days.length === 0) throw invalid('a window has no days');
    for (const day of days) checkRange('a day of the week', day, 1, 7);
  }
}

function checkAmounts({ startAt, soakMs, silentAfterMs, confirm, pause, limits }: RolloutSpec): void {
  if (startAt !== undefined) checkRange('its start, in milliseconds since 1970,', startAt, 0, Number.MAX_SAFE_INTEGER);
  checkRange('its soak time in milliseconds', soakMs, 0, YEAR_MS);
  checkRange('the time until a device counts as silent, in milliseconds,', silentAfterMs, 1, YEAR_MS);
  if ('count' in confirm)
    checkRange('the number of devices that must confirm', confirm.count, 0, Number.MAX_SAFE_INTEGER);
  else checkPercent('the share that must confirm', confirm.percent);
  for (const { count, percent, ofAtLeast } of [pause.wave, pause.overall]) {
    if (count !== undefined) checkRange('a threshold', count, 1, Number.MAX_SAFE_INTEGER);
    if (percent !== undefined) checkPercent('a threshold', percent);
    checkRange('the least number that a percentage is of', ofAtLeast, 1, Number.MAX_SAFE_INTEGER);
  }
  for (const [name, limit] of Object.entries(limits)) {
    if (limit !== undefined) checkRange(`the limit ${name}`, limit, 1, Number.MAX_SAFE_INTEGER);
  }
}

function checkPercent(what: string, percent: number): void {
  if (!(percent > 0 && percent <= 100)) throw invalid(`${what} is more than 0 and at most 100 %, not ${percent}`);
}

function checkRange(what: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw invalid(`${what} is a whole number from ${low} to ${high}, not ${value}`);
}

function invalid(why: string): FotaServerError {
  return new FotaServerError('rollout-invalid', `the rollout cannot be: ${why}`);
}
