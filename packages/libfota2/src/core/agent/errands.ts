import { compareVersions } from '@libfota2/protocol';
import type { Fota } from '../fota.ts';
import type { CheckOutcome, Outcome } from '../outcome.ts';
import { abortable, type Signal } from '../platform.ts';
import type { Clock, Timer } from '../ports.ts';
import type { Standing } from '../trials.ts';
import type { AgentCode } from './codes.ts';
import { type Effect, type Happening, LATE, type Life, RESTART_SOON_MS, type Release } from './lifecycle.ts';
import type { AgentOptions, Consent } from './options.ts';

/** Between two looks at a version that is being tried. */
const LOOK_EVERY_MS = 1_000;
const PROBE_WITHIN_MS = 300_000;
/** For so long no probe has passed of what is given up. */
const ILL_MS = 2_000;
const UNCONFIRMED = 'It has not confirmed itself.';
/** A restart that was ordered may take so long. */
const RESTART_WITHIN_MS = 120_000;
/** Of a consent that was put off: at least a second, at most a week. */
const WAIT = { least: 1_000, most: 7 * 86_400_000 } as const;

type Doing = Exclude<Effect['type'], 'report'>;

/** Does what the machine says, and tells what came of it. Rejects only with the signal's reason. */
export interface Errands {
  perform(doing: Doing, life: Life, way: Way): Promise<Happening>;
  look(): Promise<Standing>;
}

/** Where an image is to come from. */
export interface Way {
  readonly fota: Pick<Fota, 'check' | 'upgrade'>;
  readonly url: string | undefined;
  /** Somebody who stands there wants it now. */
  readonly isConsented: boolean;
  /** Gets each outcome. */
  readonly onOutcome: (outcome: CheckOutcome | Outcome) => void;
}

export function createErrands(
  options: AgentOptions,
  clock: Clock,
  signal: Signal,
  onBytes: (bytes: number, total: number | undefined) => void,
): Errands {
  const { place, probe, probeForMs = 0 } = options;
  // Without a probe the launcher's own limits hold, where nothing else is said.
  const withinMs = options.probeWithinMs ?? (probe === undefined ? undefined : PROBE_WITHIN_MS);
  /** Uptime since which it waits for what is being tried to start, or to be well. */
  let since: { readonly isStarted: boolean; readonly ms: number } | undefined;
  /** Uptime since which every probe passed, or none did. */
  let wellMs: number | undefined;
  let illMs: number | undefined;

  const sleep = async (ms: number): Promise<void> => {
    let timer: Timer | undefined;
    const pause = new Promise<void>((resolve) => {
      timer = clock.after(ms, resolve);
    });
    await abortable(pause, signal).finally(() => timer?.cancel());
  };
  const question = async (way: Way): Promise<NonNullable<Parameters<Fota['upgrade']>[0]>> => {
    const url = way.url ?? options.question.url;
    return { ...options.question, url, version: await options.version(), signal };
  };
  const consent = async (ask: Consenting | undefined, life: Life): Promise<Happening> => {
    const given = (await ask?.(life.release ?? UNKNOWN)) ?? true;
    if (given === true) return { type: 'granted' };
    const forMs = Math.min(Math.max(given.forMs, WAIT.least), WAIT.most) || WAIT.least;
    return { type: 'deferred', wait: { reason: given.reason, untilMs: clock.wallMs() + forMs } };
  };
  const seen = async (): Promise<Happening> => ({ type: 'seen', standing: await place.standing() });

  const check = async (way: Way): Promise<Happening> => {
    const outcome = await way.fota.check(await question(way));
    way.onOutcome(outcome);
    if (outcome.kind === 'no-upgrade') return { type: 'nothing' };
    if (outcome.kind === 'failed') return { type: 'broke', code: outcome.code, message: outcome.message };
    const { manifest, size, sha256 } = outcome;
    const { runs, fell } = await place.standing();
    // Known before it is downloaded: it runs already, or it was given up, and is offered to whoever asks.
    if (sha256 !== undefined && (sha256 === runs || sha256 === fell)) return { type: 'nothing' };
    return { type: 'offered', release: { version: manifest?.version, size, sha256 } };
  };
  const download = async ({ release }: Life, way: Way): Promise<Happening> => {
    const asked = await question(way);
    const outcome = await way.fota.upgrade({
      ...asked,
      // What was consented to, and nothing else.
      expectedSha256: asked.expectedSha256 ?? release?.sha256,
      onProgress: ({ bytes, total }) => onBytes(bytes, total),
    });
    way.onOutcome(outcome);
    // Where nothing tells what is offered only its last byte shows that it runs already.
    if (outcome.kind === 'no-upgrade' || outcome.code === 'image-runs') return { type: 'nothing' };
    if (outcome.kind === 'failed') return { type: 'broke', code: outcome.code, message: outcome.message };
    const { manifest, size, sha256 } = outcome;
    return { type: 'installed', release: { version: manifest?.version ?? release?.version, size, sha256 } };
  };
  /** What keeps it from being confirmed. What tells no version, or another, would never get the next one. */
  const doubtOf = async ({ release }: Life): Promise<string | undefined> => {
    if (probe === undefined) return UNCONFIRMED;
    const doubt = await abortable(probed(probe, signal), signal);
    if (doubt !== undefined) return doubt;
    const [tells, signed] = [await options.version(), release?.version];
    if (tells === undefined) return 'It tells no version, and would get no other one.';
    const isOther = signed !== undefined && compareVersions(tells, signed) !== 0;
    return isOther ? `It tells the version ${tells}, and is signed as ${signed}.` : undefined;
  };
  const verdictOn = async (life: Life, waitedMs: number): Promise<Happening | undefined> => {
    const message = await doubtOf(life);
    const nowMs = clock.uptimeMs();
    wellMs = message === undefined ? (wellMs ?? nowMs) : undefined;
    illMs = message === undefined ? undefined : (illMs ?? nowMs);
    if (wellMs !== undefined && nowMs - wellMs >= probeForMs) return { type: 'well' };
    if (message === undefined || withinMs === undefined) return undefined;
    // One bad answer late in the trial, as after a sleep of the machine, is not its last word.
    const lateMs = waitedMs - withinMs;
    const isLate = lateMs >= 0 && (nowMs - (illMs ?? nowMs) >= ILL_MS || lateMs >= withinMs);
    return isLate ? { type: 'unwell', message } : undefined;
  };
  /** One look at what is being tried. Waits where there is nothing to see yet. */
  const watch = async (life: Life): Promise<Happening> => {
    const standing = await place.standing();
    const { isTried, isStarted } = standing;
    if (isStarted && !isTried) return { type: 'seen', standing };
    if (since?.isStarted !== isStarted) since = { isStarted, ms: clock.uptimeMs() };
    const waitedMs = clock.uptimeMs() - since.ms;
    if (!isStarted && waitedMs >= RESTART_WITHIN_MS) {
      return { type: 'deferred', wait: { reason: LATE, untilMs: clock.wallMs() + RESTART_SOON_MS } };
    }
    const verdict = isStarted ? await verdictOn(life, waitedMs) : undefined;
    if (verdict !== undefined) return verdict;
    await sleep(LOOK_EVERY_MS);
    return seen();
  };

  const does: { readonly [Type in Doing]: (life: Life, way: Way) => Promise<Happening> } = {
    check: (_, way) => check(way),
    download,
    'ask-install': (life, { isConsented }) => consent(isConsented ? undefined : options.mayInstall, life),
    async 'ask-restart'(life) {
      const { fell } = await place.standing();
      // Back to what held needs nobody's consent.
      return consent(fell !== undefined && fell === life.release?.sha256 ? undefined : options.mayReboot, life);
    },
    async restart() {
      since = undefined;
      wellMs = undefined;
      illMs = undefined;
      await options.restart();
      return seen();
    },
    watch,
    async confirm() {
      if (!(await place.confirm()) && (await place.standing()).isTried)
        throw new Error('The place does not confirm it.');
      return seen();
    },
    async 'give-up'() {
      await place.giveUp();
      return seen();
    },
  };
  return {
    look: () => place.standing(),
    async perform(doing, life, way) {
      try {
        return await does[doing](life, way);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // Whoever fails at once must not be asked at once again.
        await sleep(LOOK_EVERY_MS);
        const message = error instanceof Error ? error.message : String(error);
        return { type: 'broke', code: FAILURES[doing], message };
      }
    },
  };
}

const FAILURES: { readonly [Type in Doing]: AgentCode } = {
  check: 'version-unknown',
  download: 'version-unknown',
  'ask-install': 'consent-failed',
  'ask-restart': 'consent-failed',
  restart: 'restart-failed',
  watch: 'place-failed',
  confirm: 'place-failed',
  'give-up': 'place-failed',
};

type Consenting = (release: Release) => Promise<Consent>;

const UNKNOWN: Release = { version: undefined, size: undefined, sha256: undefined };

/** A probe that throws says what is wrong, too. */
async function probed(probe: NonNullable<AgentOptions['probe']>, signal: Signal): Promise<string | undefined> {
  try {
    return await probe(signal);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
