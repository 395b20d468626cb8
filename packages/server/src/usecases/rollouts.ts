import type { Attempt } from '../domain/attempt.ts';
import type { Release } from '../domain/catalogue.ts';
import { FotaServerError } from '../domain/errors.ts';
import type { NewEvent } from '../domain/event.ts';
import type { Rollout, WaveCounts } from '../domain/rollout.ts';
import { badOf, type Changed, NO_COUNTS, nextStep, type Outlook, unknownRollout } from '../domain/rollout-steps.ts';
import { createStandings } from '../domain/standings.ts';
import type { AttemptCount, RolloutStore, Stop } from '../ports/rollouts.ts';
import type { Later } from '../ports.ts';
import { createOutlooks, type OutlookPorts } from './outlooks.ts';

/**
 * All rollouts, in memory and in the store, and how many devices of each wave stand how. They start, advance, pause and are
 * complete by themselves. What halts offers holds at once, and is written then; what lets more devices in is written first.
 */
export interface Rollouts {
  /** In the order of their making. */
  all(): readonly Rollout[];
  /** @throws FotaServerError `rollout-unknown` */
  rollout(id: number): Rollout;
  /** Of each wave, from the first. */
  counts(id: number): readonly WaveCounts[];
  /** What is known of its open wave besides its counts. */
  outlook(id: number): Outlook;
  /** Durable once resolved, as is that `draft` is published. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  add(rollout: Omit<Rollout, 'id'>, draft?: Release): Promise<Rollout>;
  /**
   * What an operator does with a rollout; durable once resolved, and where it rejects, all is as it was.
   * @throws FotaServerError `rollout-unknown`, `disk-full`, `data-dir-unusable`; whatever `change` throws
   */
  change(
    id: number,
    change: (rollout: Rollout, counts: readonly WaveCounts[], now: number) => Changed,
  ): Promise<Rollout>;
  /** The attempt of a device was the one, and is the other. A pause that follows from it holds when this returns. */
  count(before: Attempt | undefined, after: Attempt | undefined): void;
  /** Does what the time asks for. Resolves when that is done, or could not be. */
  tick(): Promise<void>;
  stop(): Stop;
  /** Durable once resolved. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  setStop(stop: Stop): Promise<void>;
  /** Writes what waits to be written, and does nothing by itself any more. */
  close(): Promise<void>;
}

export interface RolloutPorts extends OutlookPorts {
  readonly store: RolloutStore;
  /** Of all attempts that are stored. */
  readonly counts: readonly AttemptCount[];
  readonly later: Later;
  /** Milliseconds between ticks. */
  readonly tickMs: number;
  /** Done at each tick, before the rollouts are looked at. */
  readonly onTick: () => Promise<void>;
  /** A rollout, or the stop, is another one now: the plan must be made anew. */
  readonly onChanged: () => void;
  /** Tells what `change` makes durable. */
  readonly along: <T>(event: NewEvent, change: () => Promise<T>) => Promise<T>;
  readonly onProblem: (problem: unknown) => void;
}

export async function openRollouts(ports: RolloutPorts): Promise<Rollouts> {
  const { store, now, later, onChanged, along, onProblem } = ports;
  const rollouts = new Map((await store.rollouts()).map((rollout) => [rollout.id, rollout]));
  const standings = createStandings();
  /** Pauses that hold and are not written yet. */
  const unwritten = new Map<number, Changed>();
  /** Rollouts about to let more devices in. */
  const stepping = new Set<number>();
  const outlooks = createOutlooks(ports);
  let stop = await store.stop();
  let last: Promise<unknown> = Promise.resolve();
  let timer: { cancel(): void } | undefined;
  let isClosed = false;

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };

  for (const { rollout, wave, standing, count } of ports.counts) standings.add(rollout, wave, standing, count);

  const rollout = (id: number): Rollout => {
    const found = rollouts.get(id);
    if (found !== undefined) return found;
    throw unknownRollout(id);
  };

  const countsOf = standings.of;

  const keep = (kept: Rollout): void => {
    rollouts.set(kept.id, kept);
    onChanged();
  };

  const outlook = (id: number): Outlook => outlooks.of(rollout(id), countsOf(id));

  const stepOf = (id: number): Changed | undefined => nextStep(rollout(id), countsOf(id), now(), outlook(id));

  const write = ({ change, rollout: { id, project, release, firmwareName, wave, why }, rollout: after }: Changed) => {
    const reason = why === '' ? undefined : why;
    const data = { rollout: id, release, firmwareName, wave: wave < 0 ? undefined : wave + 1, reason };
    return along({ type: `rollout.${change}`, project, data }, () => store.update(after));
  };

  const writePauses = async (): Promise<void> => {
    for (const [id, changed] of unwritten) {
      await write(changed);
      if (unwritten.get(id) === changed) unwritten.delete(id);
    }
  };

  const letIn = async (id: number): Promise<void> => {
    try {
      for (let step = stepOf(id); step !== undefined && step.change !== 'paused'; step = stepOf(id)) {
        const before = rollout(id);
        await write(step);
        // It was halted meanwhile: that is written next, and holds.
        if (rollout(id).state !== before.state) continue;
        keep(step.rollout);
      }
    } finally {
      stepping.delete(id);
    }
    review(id);
  };

  /** Halts a rollout at once where it must; lets more devices in soon where it may. */
  const review = (id: number): void => {
    if (isClosed) return;
    const step = stepOf(id);
    if (step === undefined) return;
    if (step.change === 'paused') {
      keep(step.rollout);
      unwritten.set(id, step);
      inTurn(writePauses).catch(onProblem);
    } else if (!stepping.has(id)) {
      stepping.add(id);
      inTurn(() => letIn(id)).catch(onProblem);
    }
  };

  /** What was accepted is accepted of those devices: fewer of them, and less is. */
  const acceptLess = (id: number): void => {
    const { accepted } = rollout(id);
    const bad = accepted.map((count, wave) => Math.min(count, badOf(countsOf(id)[wave] ?? NO_COUNTS)));
    if (bad.every((count, wave) => count === accepted[wave])) return;
    rollouts.set(id, { ...rollout(id), accepted: bad });
    inTurn(async () => store.update(rollout(id))).catch(onProblem);
  };

  const tick = async (): Promise<void> => {
    await ports.onTick();
    for (const one of rollouts.values()) await outlooks.look(one, () => countsOf(one.id));
    for (const id of rollouts.keys()) review(id);
    await inTurn(writePauses).catch(onProblem);
  };

  const ticking = (): void => {
    timer = later(ports.tickMs, () => {
      tick()
        .catch(onProblem)
        .finally(() => {
          if (!isClosed) ticking();
        });
    });
  };

  const writeHalt = async (before: Rollout, halted: Changed): Promise<Rollout> => {
    const { id } = halted.rollout;
    try {
      await write(halted);
    } catch (problem) {
      if (rollouts.get(id) === halted.rollout) keep(before);
      throw problem;
    }
    unwritten.delete(id);
    return halted.rollout;
  };

  const writeChange = async (id: number, change: Parameters<Rollouts['change']>[1]): Promise<Rollout> => {
    const before = rollout(id);
    const changed = change(before, countsOf(id), now());
    await write(changed);
    if (rollout(id).state !== before.state)
      throw new FotaServerError('rollout-state', `rollout ${id} was halted meanwhile`);
    unwritten.delete(id);
    keep(changed.rollout);
    return changed.rollout;
  };

  for (const id of rollouts.keys()) {
    acceptLess(id);
    review(id);
  }
  ticking();

  return {
    all: () => [...rollouts.values()],
    rollout,
    outlook,
    counts: (id) => rollout(id).waves.map((_, wave) => countsOf(id)[wave] ?? NO_COUNTS),

    add: (wanted, draft) =>
      inTurn(async () => {
        const { project, release, firmwareName } = wanted;
        const event = { type: 'rollout.created', project, data: { release, firmwareName } } as const;
        const added = await along(event, () => store.add(wanted, draft));
        keep(added);
        return added;
      }).finally(() => {
        for (const id of rollouts.keys()) review(id);
      }),

    async change(id, change) {
      const asked = rollout(id);
      const wanted = change(asked, countsOf(id), now());
      // What halts does not wait for its turn, and holds while it is written.
      const halts = wanted.change === 'paused' || wanted.change === 'aborted';
      if (halts) keep(wanted.rollout);
      try {
        return await inTurn(() => (halts ? writeHalt(asked, wanted) : writeChange(id, change)));
      } finally {
        review(id);
      }
    },

    count(before, after) {
      standings.moved(before, after);
      for (const id of new Set([before?.rollout, after?.rollout])) {
        if (id !== undefined && rollouts.has(id)) acceptLess(id);
      }
      if (after?.rollout !== undefined && rollouts.has(after.rollout)) review(after.rollout);
    },

    tick,
    stop: () => stop,

    async setStop(wanted) {
      const before = stop;
      // Halting is at once, whatever waits to be written; going on only once it is durable.
      if (wanted.isOn) {
        stop = wanted;
        onChanged();
      }
      try {
        const type = wanted.isOn ? 'stop.on' : 'stop.off';
        const reason = wanted.why === '' ? undefined : wanted.why;
        await inTurn(() => along({ type, project: undefined, data: { reason } }, () => store.setStop(wanted)));
      } catch (problem) {
        stop = before;
        onChanged();
        throw problem;
      }
      stop = wanted;
      onChanged();
    },

    async close() {
      isClosed = true;
      timer?.cancel();
      await inTurn(writePauses);
    },
  };
}
