/** What happened in a rollout, in numbers: bounded memory, however long it goes on. */
import {
  badOf,
  type Changed,
  type Decision,
  type Rollout,
  type RolloutChange,
  type Rule,
  type WaveCounts,
} from '@libfota2/server/domain';
import { type LifeState, STANDINGS, type Standing } from '../fleet/life.ts';
import type { WarpDevices } from './server.ts';
import type { WarpSpec, WarpStep } from './spec.ts';

/** Something that a rollout did, or that was done to it. */
export interface WarpMoment {
  /** Milliseconds from the beginning. */
  readonly atMs: number;
  readonly what: RolloutChange | 'withdrawn';
  /** The open wave then, from 1; 0: none. */
  readonly wave: number;
  /** Empty: nothing is to be said. */
  readonly why: string;
  /** Devices, as the server knew them then. */
  readonly confirmed: number;
  readonly bad: number;
  readonly underWay: number;
}

/** How devices stood at a time, as the server knew them. */
export interface WarpSample {
  readonly atMs: number;
  readonly confirmed: number;
  readonly bad: number;
  readonly underWay: number;
}

/** What a bad release did. */
export interface WarpHarm {
  /** Devices that took the release and did not get on with it well, whatever the server knows of them. */
  readonly hit: number;
  /** Those of them by the time that the rollout first paused by itself; `undefined`: it never did. */
  readonly hitAtPause: number | undefined;
}

export interface WarpReport {
  /** `quiet`: nobody would have got anything any more; `time`: it was over; `stopped`: it was told to. */
  readonly ended: 'quiet' | 'time' | 'stopped';
  readonly seed: number;
  readonly devices: number;
  /** ISO 8601. */
  readonly beganAt: string;
  readonly elapsedMs: number;
  readonly state: Rollout['state'];
  /** The open wave, from 1; 0: none. */
  readonly wave: number;
  readonly why: string;
  /** Of each wave, from the first, as the server knows them. */
  readonly waves: ReadonlyArray<
    WaveCounts & { readonly openedMs: number | undefined; readonly firstOfferMs: number | undefined }
  >;
  readonly counts: WaveCounts;
  readonly moments: readonly WarpMoment[];
  readonly harm: WarpHarm;
  /** As it is, whatever the server knows. */
  readonly standings: Readonly<Record<Standing, number>>;
  readonly versions: Readonly<Record<string, number>>;
  /** Devices by the rule that answered them last. */
  readonly lastRules: Readonly<Record<string, number>>;
  readonly questions: number;
  /** Promises of a package. */
  readonly offers: number;
  /** Bytes of packages that went out; `ofRelease`: of the one that is rolled out. */
  readonly bytes: number;
  readonly bytesOfRelease: number;
  /** Whole packages. */
  readonly deliveries: { readonly all: number; readonly most: number; readonly mostId: string | undefined };
  readonly samples: readonly WarpSample[];
}

export interface Chronicle {
  changed(changed: Changed, counts: readonly WaveCounts[], at: number): void;
  operated(does: WarpStep['does'], at: number): void;
  lived(index: number, before: LifeState, after: LifeState): void;
  asked(decision: Decision, at: number): void;
  sent(index: number, release: number, bytes: number, isWhole: boolean): void;
  /** Nothing happened until then. */
  until(at: number, counts: () => readonly WaveCounts[]): void;
  report(end: {
    readonly ended: WarpReport['ended'];
    readonly at: number;
    readonly rollout: Rollout;
    readonly counts: readonly WaveCounts[];
    readonly rule: (index: number) => Rule | undefined;
  }): WarpReport;
}

const BAD: ReadonlySet<Standing> = new Set(['failed', 'looping', 'rolled-back', 'silent']);
/** Samples at most; where there are more, every second one goes, and they are taken half as often. */
const MOST_SAMPLES = 480;
const MINUTE_MS = 60_000;
/** Moments at most: whoever resumes a bad rollout again and again has seen enough of them. */
const MOST_MOMENTS = 1_000;

export function createChronicle({ fleet, rollout, beginMs }: WarpSpec, devices: WarpDevices): Chronicle {
  const moments: WarpMoment[] = [];
  let samples: WarpSample[] = [];
  let everyMs = MINUTE_MS;
  let sampleMs = beginMs;
  const standings = new Map<string, number>([['fresh', devices.count]]);
  const versions = new Map<string, number>();
  const openedMs: Array<number | undefined> = rollout.waves.map(() => undefined);
  const firstOfferMs: Array<number | undefined> = rollout.waves.map(() => undefined);
  const taken = new Uint16Array(devices.count);
  const isHit = new Uint8Array(devices.count);
  let hit = 0;
  let hitAtPause: number | undefined;
  let questions = 0;
  let offers = 0;
  let bytes = 0;
  let bytesOfRelease = 0;
  let wave = 0;
  let last: WarpSample | undefined;

  for (let index = 0; index < devices.count; index += 1) add(versions, devices.device(index).version, 1);

  const note = (what: WarpMoment['what'], why: string, at: number, sums: Omit<WarpSample, 'atMs'>): void => {
    if (moments.length < MOST_MOMENTS) moments.push({ atMs: at - beginMs, what, wave, why, ...sums });
  };

  return {
    changed({ change, rollout: after }, counts, at) {
      wave = after.wave + 1;
      if (after.wave >= 0) openedMs[after.wave] ??= at - beginMs;
      if (change === 'paused') hitAtPause ??= hit;
      note(change, after.why, at, sumsOf(counts));
    },
    operated(does, at) {
      if (does === 'withdraw') note('withdrawn', '', at, last ?? NOBODY);
    },
    lived(index, before, after) {
      if (before.standing !== after.standing) {
        add(standings, before.standing, -1);
        add(standings, after.standing, 1);
        if (BAD.has(after.standing) && isHit[index] === 0) {
          isHit[index] = 1;
          hit += 1;
        }
      }
      if (before.version !== after.version) {
        add(versions, before.version, -1);
        add(versions, after.version, 1);
      }
    },
    asked(decision, at) {
      questions += 1;
      if (decision.answer === 'refused') return;
      offers += 1;
      if (decision.rollout === rollout.id) firstOfferMs[decision.wave] ??= at - beginMs;
    },
    sent(index, release, many, isWhole) {
      bytes += many;
      if (release === rollout.release) bytesOfRelease += many;
      if (isWhole) taken[index] = (taken[index] ?? 0) + 1;
    },
    until(at, counts) {
      if (at < sampleMs) return;
      last = { atMs: at - beginMs, ...sumsOf(counts()) };
      samples.push(last);
      if (samples.length > MOST_SAMPLES) {
        samples = samples.filter((_, place) => place % 2 === 0);
        everyMs *= 2;
      }
      sampleMs = at + everyMs;
    },
    report({ ended, at, rollout: after, counts, rule }) {
      const lastRules = new Map<string, number>();
      let most = 0;
      let all = 0;
      let mostAt: number | undefined;
      for (let index = 0; index < devices.count; index += 1) {
        add(lastRules, rule(index) ?? 'unknown', 1);
        const many = taken[index] ?? 0;
        all += many;
        if (many > most) [most, mostAt] = [many, index];
      }
      const mostId = mostAt === undefined ? undefined : devices.device(mostAt).id;
      return {
        ended,
        seed: fleet.seed,
        devices: devices.count,
        beganAt: isoOf(beginMs),
        elapsedMs: at - beginMs,
        state: after.state,
        wave: after.wave + 1,
        why: after.why,
        waves: counts.map((one, place) => ({ ...one, openedMs: openedMs[place], firstOfferMs: firstOfferMs[place] })),
        counts: totalOf(counts),
        moments,
        harm: { hit, hitAtPause },
        standings: Object.fromEntries(STANDINGS.map((name) => [name, standings.get(name) ?? 0])) as Record<
          Standing,
          number
        >,
        versions: sorted(versions),
        lastRules: sorted(lastRules),
        questions,
        offers,
        bytes,
        bytesOfRelease,
        deliveries: { all, most, mostId },
        samples: [...samples, { atMs: at - beginMs, ...sumsOf(counts) }],
      };
    },
  };
}

const NOBODY = { confirmed: 0, bad: 0, underWay: 0 };

function sumsOf(counts: readonly WaveCounts[]): Omit<WarpSample, 'atMs'> {
  let [confirmed, bad, underWay] = [0, 0, 0];
  for (const one of counts) {
    confirmed += one.confirmed;
    bad += badOf(one);
    underWay += one['under-way'];
  }
  return { confirmed, bad, underWay };
}

function totalOf(counts: readonly WaveCounts[]): WaveCounts {
  const names = Object.keys(counts[0] ?? {}) as Array<keyof WaveCounts>;
  const sum = (name: keyof WaveCounts): number => counts.reduce((all, one) => all + one[name], 0);
  return Object.fromEntries(names.map((name) => [name, sum(name)])) as WaveCounts;
}

function add(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

function sorted(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...counts].filter(([, many]) => many !== 0).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
