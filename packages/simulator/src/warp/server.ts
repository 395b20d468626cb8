/**
 * The server's side in warped time: what it knows of each device and of its rollout. What it does with that is the domain's:
 * here it is only kept, and asked in order.
 */
import {
  type Attempt,
  aborted,
  advance,
  afterAsking,
  afterPromise,
  afterQuestion,
  afterSending,
  type Changed,
  type Circumstances,
  createMeter,
  createPlanning,
  createStandings,
  type Dealings,
  type Decision,
  type Device,
  decide,
  dependsOnOutlook,
  dueAt,
  isNewTo,
  isOpen,
  type Known,
  keptDeliveries,
  memberTest,
  NO_COUNTS,
  NO_PROFILE,
  nextStep,
  type Outlook,
  type Profile,
  paused,
  type Release,
  type Rollout,
  type Rule,
  resumed,
  silentAt,
  skipped,
  type WaveCounts,
} from '@libfota2/server/domain';
import { createAgenda } from '../fleet/agenda.ts';
import type { WarpDevice, WarpSpec, WarpStep } from './spec.ts';

export interface WarpServer {
  readonly rollout: Rollout;
  /** Of each wave, from the first. */
  counts(): readonly WaveCounts[];
  /** Answers a device that runs this version, and remembers that. */
  ask(index: number, version: string, at: number): Decision;
  /** So many bytes of what it was promised went out to a device. */
  sent(index: number, bytes: number, isWhole: boolean, at: number): void;
  /** Does what the time asks for. */
  tick(at: number): void;
  /** When time alone changes something next. */
  nextMs(): number;
  /** Does what an operator asks for; what cannot be done now is left. */
  operate(does: WarpStep['does'], at: number): void;
  /** The rule that answered a device last. */
  rule(index: number): Rule | undefined;
}

/** What the server knows of its devices beforehand. */
export interface WarpDevices {
  readonly count: number;
  device(index: number): WarpDevice & Pick<Device, 'idKind' | 'version'>;
}

/** How often it is looked at whether a wave has anybody in it. */
const EMPTY_MS = 600_000;
/** How long it is held for true how many devices are to come. */
const LOOK_MS = 3_600_000;

/** `onChanged` is told of all that the rollout does. */
export function createWarpServer(
  spec: WarpSpec,
  { count, device }: WarpDevices,
  onChanged: (changed: Changed, counts: readonly WaveCounts[], at: number) => void,
): WarpServer {
  const { project, settleMs, policy, beginMs } = spec;
  let now = beginMs;
  let { releases, rollout } = spec;
  const planning = createPlanning({
    projects: () => [project],
    releases: () => releases,
    rollouts: () => [rollout],
    groupQuery: () => undefined,
    policy: () => policy,
    onProblem: (problem) => {
      throw problem;
    },
  });
  const meter = createMeter(() => now);
  const standings = createStandings();
  const silence = createAgenda(count);
  const isWatched = new Uint8Array(count);
  const known: Known[] = [];
  const versions: string[] = [];
  const offered: Array<Extract<Decision, { answer: 'upgrade' }> | undefined> = [];
  let outlook: Outlook = UNSEEN;
  /** Devices that the open wave had counted when it was looked at. */
  let counted = 0;
  let looksMs = Number.POSITIVE_INFINITY;

  // Devices have asked for as long as anybody can think back.
  for (let index = 0; index < count; index += 1) {
    versions.push(device(index).version);
    known.push({ ...NEVER_OFFERED, firstSeenAt: beginMs, lastSeenAt: beginMs });
    offered.push(undefined);
  }

  const profileOf = ({ labels = [], pin }: WarpDevice): Profile =>
    labels.length === 0 && pin === undefined ? NO_PROFILE : { labels, note: '', pin };
  const circumstancesOf = (index: number): Circumstances => {
    const said = device(index);
    return { access: said.access ?? 'default', hasRoom: true, known: known[index], profile: profileOf(said) };
  };
  const ours = (): Release | undefined => releases.find(({ id }) => id === rollout.release);

  const keep = (changed: Changed): void => {
    ({ rollout } = changed);
    outlook = UNSEEN;
    looksMs = dueAt(rollout) ?? Number.POSITIVE_INFINITY;
    planning.changed();
    onChanged(changed, standings.of(rollout.id), now);
  };
  const review = (): void => {
    for (let step = next(); step !== undefined; step = next()) keep(step);
  };
  const here = (): WaveCounts => standings.of(rollout.id)[rollout.wave] ?? NO_COUNTS;
  const next = (): Changed | undefined => {
    const came = sumOfAll(here()) - counted;
    const toCome = outlook.toCome && Math.max(0, outlook.toCome - Math.max(0, came));
    return nextStep(rollout, standings.of(rollout.id), now, { ...outlook, toCome });
  };

  const watch = (index: number, attempt: Attempt | undefined): void => {
    if (attempt === undefined || !isOpen(attempt) || isWatched[index] === 1) return;
    isWatched[index] = 1;
    silence.add(index, silentAt(attempt, known[index]?.lastSeenAt ?? now, silentAfterMs(attempt)));
  };
  const silentAfterMs = (attempt: Attempt): number | undefined =>
    attempt.rollout === rollout.id ? rollout.silentAfterMs : undefined;

  /** The attempt of a device is another one now; `former`: the one before, as it ended, where this one is new. */
  const moved = (index: number, before: Attempt | undefined, after: Attempt | undefined, former?: Attempt): void => {
    if (before === after) return;
    if (former === undefined) standings.moved(before, after);
    else {
      standings.moved(before, former);
      standings.moved(undefined, after);
    }
    watch(index, after);
    // It waits for nothing else now.
    const isRunning = rollout.state === 'running' && looksMs === Number.POSITIVE_INFINITY;
    if (isRunning && dependsOnOutlook(rollout, here())) looksMs = now;
    review();
  };
  const change = (index: number, dealings: Dealings): void => {
    const before = known[index];
    if (before === undefined) return;
    known[index] = { ...before, ...dealings };
    moved(index, before.attempt, dealings.attempt);
  };

  /** Those of whom nothing was heard for too long; who was heard meanwhile is looked at again later. */
  const hush = (): void => {
    for (let index = silence.take(now); index !== undefined; index = silence.take(now)) {
      isWatched[index] = 0;
      const one = known[index];
      if (one?.attempt === undefined || !isOpen(one.attempt)) continue;
      if (silentAt(one.attempt, one.lastSeenAt, silentAfterMs(one.attempt)) > now) watch(index, one.attempt);
      else change(index, { ...one, attempt: advance(one.attempt, { type: 'unheard' }, now).attempt });
    }
  };
  /**
   * Where a wave has soaked, and nobody was offered anything by it, somebody must be in it who can be waited for; where
   * enough have confirmed, they must be enough of those who are to come, too.
   */
  const lookForMembers = (): void => {
    const release = ours();
    if (looksMs > now || release === undefined || rollout.state !== 'running') return;
    counted = sumOfAll(here());
    outlook = UNSEEN;
    looksMs = counted === 0 ? now + EMPTY_MS : Number.POSITIVE_INFINITY;
    if (counted > 0 && !dependsOnOutlook(rollout, here())) return;
    const isMember = memberTest(rollout, release, planning.plan(now));
    const isIn = (_: Known, index: number): boolean => isMember(deviceOf(index), () => circumstancesOf(index), now);
    if (counted === 0) outlook = { isEmpty: !known.some(isIn), toCome: undefined };
    else {
      const toCome = known.filter((one, index) => isNewTo(rollout, one, now) && isIn(one, index)).length;
      outlook = { isEmpty: false, toCome };
      looksMs = now + LOOK_MS;
    }
  };
  const deviceOf = (index: number): Device => {
    const { id, idKind } = device(index);
    return { project: project.name, firmwareName: rollout.firmwareName, idKind, id, version: versions[index] ?? '' };
  };

  return {
    get rollout() {
      return rollout;
    },
    counts: () => rollout.waves.map((_, wave) => standings.of(rollout.id)[wave] ?? NO_COUNTS),

    ask(index, version, at) {
      now = at;
      const { id, idKind } = device(index);
      const identity = { id, idKind, version, firmwareName: rollout.firmwareName, projectKey: project.key };
      const circumstances = afterAsking(circumstancesOf(index), version, settleMs, at);
      const decision = decide(identity, planning.plan(at), () => circumstances, { now: at, usage: meter.usage });
      const before = known[index];
      if (before === undefined || !decision.registered) return decision;
      const heard = {
        ...before,
        lastSeenAt: at,
        asked: before.asked + 1,
        rule: decision.rule,
        deliveries: keptDeliveries({ version: versions[index] ?? '', deliveries: before.deliveries }, version),
      };
      versions[index] = version;
      if (decision.answer === 'refused') {
        const attempt = before.attempt && afterQuestion(before.attempt, version, settleMs, at).attempt;
        known[index] = { ...heard, attempt };
        moved(index, before.attempt, attempt);
        return decision;
      }
      const { former, attempt, deliveries, spent } = afterPromise(before, decision, settleMs, at);
      known[index] = { ...heard, attempt, deliveries, spent };
      offered[index] = decision;
      meter.began(id, decision.rollout, decision.package.size);
      moved(index, before.attempt, attempt, former);
      return decision;
    },

    sent(index, bytes, isWhole, at) {
      now = at;
      const decision = offered[index];
      const before = known[index];
      if (decision === undefined || before === undefined) return;
      offered[index] = undefined;
      const { release, package: chosen, device: asked } = decision;
      meter.ended(asked.id);
      const { sha256, size } = chosen;
      const sending = {
        release: release.id,
        sha256,
        size,
        told: asked.version,
        bytes,
        isWhole,
        isRest: false,
      } as const;
      change(index, afterSending(before, { ...sending, counted: isWhole ? 0 : -1 }, at));
    },

    tick(at) {
      now = at;
      hush();
      lookForMembers();
      review();
    },

    nextMs() {
      const due = rollout.state === 'scheduled' ? (dueAt(rollout) ?? now) : looksMs;
      return Math.min(Math.max(due, now), silence.nextMs() ?? Number.POSITIVE_INFINITY);
    },

    operate(does, at) {
      now = at;
      if (does === 'withdraw') {
        releases = releases.map((one) =>
          one.id === rollout.release ? { ...one, state: 'withdrawn', withdrawnAt: at } : one,
        );
        planning.changed();
        return;
      }
      const step = stepOf(does, rollout, standings.of(rollout.id), at);
      if (step === undefined) return;
      keep(step);
      review();
    },

    rule: (index) => known[index]?.rule,
  };
}

const UNSEEN: Outlook = { isEmpty: false, toCome: undefined };

function sumOfAll(counts: WaveCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

const NEVER_OFFERED = {
  asked: 0,
  rule: 'newest',
  deliveries: undefined,
  attempt: undefined,
  spent: undefined,
  keyRing: 0,
} as const;

/** What the step makes of the rollout; `undefined`: an operator would be told that it cannot be done now. */
function stepOf(
  does: Exclude<WarpStep['does'], 'withdraw'>,
  rollout: Rollout,
  counts: readonly WaveCounts[],
  at: number,
): Changed | undefined {
  const { state, wave, waves } = rollout;
  const may: Readonly<Record<typeof does, boolean>> = {
    pause: state === 'scheduled' || state === 'running' || state === 'complete',
    resume: state === 'paused',
    skip: (state === 'scheduled' || state === 'running') && wave + 1 < waves.length,
    abort: state !== 'aborted',
  };
  if (!may[does]) return undefined;
  if (does === 'pause') return paused(rollout, 'the operator paused it', at);
  if (does === 'resume') return resumed(rollout, counts, at);
  return does === 'skip' ? skipped(rollout, at) : aborted(rollout, 'the operator aborted it', at);
}
