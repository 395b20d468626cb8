import { describe, expect, it } from 'vitest';
import { rolloutOf } from '../../test/samples.ts';
import { fakeTime, MINUTE, SECOND } from '../../test/suites/world.ts';
import { memoryRollouts } from '../adapters/memory/rollouts.ts';
import { type Attempt, newAttempt } from '../domain/attempt.ts';
import { FotaServerError } from '../domain/errors.ts';
import type { Rollout } from '../domain/rollout.ts';
import { aborted, resumed } from '../domain/rollout-steps.ts';
import type { RolloutStore } from '../ports/rollouts.ts';
import { openRollouts, type Rollouts } from './rollouts.ts';

const FULL = { code: 'disk-full' };
const ONE_BAD = { count: 1, percent: undefined, ofAtLeast: 1 };

async function scene(
  changes: Partial<Rollout> = {},
  hasMembers: () => Promise<boolean> = async () => true,
  toCome: () => Promise<number> = async () => 0,
) {
  const time = fakeTime();
  const store = memoryRollouts();
  let isFull = false;
  let gate: Promise<void> = Promise.resolve();
  const guarded =
    <A extends readonly unknown[], T>(work: (...all: A) => Promise<T>) =>
    async (...all: A): Promise<T> => {
      await gate;
      if (isFull) throw new FotaServerError('disk-full', 'no room is left');
      return work(...all);
    };
  const failing: RolloutStore = { ...store, update: guarded(store.update), setStop: guarded(store.setStop) };
  const problems: unknown[] = [];
  let plans = 0;
  const open = (): Promise<Rollouts> =>
    openRollouts({
      store: failing,
      counts: [],
      now: time.now,
      later: time.later,
      tickMs: SECOND,
      onTick: async () => undefined,
      hasMembers,
      toCome,
      onChanged: () => {
        plans += 1;
      },
      along: (_event, change) => change(),
      onProblem: (problem) => problems.push(problem),
    });
  const rollouts = await open();
  await rollouts.add({
    ...rolloutOf(),
    soakMs: MINUTE,
    confirm: { count: 1 },
    pause: { wave: ONE_BAD, overall: ONE_BAD },
    ...changes,
  });
  await time.pass(0);
  return {
    time,
    rollouts,
    stored: async () => (await store.rollouts())[0],
    problems,
    plans: () => plans,
    setFull: (is: boolean) => {
      isFull = is;
    },
    /** Holds what is written from now on, until it is let go. */
    held: () => {
      let letGo = (): void => undefined;
      gate = new Promise((resolve) => {
        letGo = resolve;
      });
      return { letGo: () => letGo() };
    },
  };
}

const attempt = (state: Attempt['state']): Attempt => ({
  ...newAttempt({ release: 110, rollout: 1, wave: 0, from: '1.0.0', to: '1.1.0' }, 0),
  state,
});

describe('while nothing can be written', () => {
  it('a pause holds all the same, and is written once it can be', async () => {
    const { rollouts, setFull, stored, problems, time } = await scene();
    setFull(true);
    rollouts.count(undefined, attempt('failed'));
    expect(rollouts.rollout(1).state).toBe('paused');
    await time.pass(3 * SECOND);
    expect(await stored()).toMatchObject({ state: 'running' });
    expect(problems).toMatchObject([FULL, ...problems.slice(1)]);
    setFull(false);
    await time.pass(SECOND);
    expect(await stored()).toMatchObject({ state: 'paused', why: expect.stringContaining('failed') });
  });

  it('no wave opens that a restart would not know of, and it opens once it can be written', async () => {
    const { rollouts, setFull, time, stored } = await scene();
    rollouts.count(undefined, attempt('confirmed'));
    setFull(true);
    await time.pass(MINUTE + SECOND);
    expect(rollouts.rollout(1).wave).toBe(0);
    setFull(false);
    await time.pass(2 * SECOND);
    expect([rollouts.rollout(1).wave, (await stored())?.wave]).toEqual([1, 1]);
  });

  it('what the operator does is refused, and all is as it was', async () => {
    const { rollouts, setFull, time } = await scene();
    setFull(true);
    const before = rollouts.rollout(1);
    const abort = rollouts.change(1, (rollout, _counts, now) => aborted(rollout, 'x', now));
    await expect(abort).rejects.toMatchObject(FULL);
    await expect(rollouts.setStop({ isOn: true, why: 'x', at: 1 })).rejects.toMatchObject(FULL);
    await time.pass(0);
    expect(rollouts.rollout(1)).toEqual(before);
    expect(rollouts.stop().isOn).toBe(false);
  });
});

it('a pause that comes while a wave is being opened holds, in memory and on the disk', async () => {
  const world = await scene();
  const { rollouts, time, stored, held } = world;
  rollouts.count(undefined, attempt('confirmed'));
  const { letGo } = held();
  await time.pass(MINUTE + SECOND);
  // The next wave is being written.
  rollouts.count(undefined, attempt('failed'));
  expect(rollouts.rollout(1)).toMatchObject({ state: 'paused', wave: 0 });
  letGo();
  await time.pass(2 * SECOND);
  expect(rollouts.rollout(1)).toMatchObject({ state: 'paused', wave: 0 });
  expect(await stored()).toMatchObject({ state: 'paused', wave: 0 });
});

it('the stop does not wait for what is being written', async () => {
  const { rollouts, held, time } = await scene();
  rollouts.count(undefined, attempt('failed'));
  const { letGo } = held();
  await time.pass(SECOND);
  const done = rollouts.setStop({ isOn: true, why: 'fire', at: 1 });
  expect(rollouts.stop().isOn).toBe(true);
  letGo();
  await done;
});

it('what was accepted is accepted of those devices only', async () => {
  const two = { count: 2, percent: undefined, ofAtLeast: 1 };
  const { rollouts, time } = await scene({ pause: { wave: two, overall: two } });
  for (let device = 0; device < 2; device += 1) rollouts.count(undefined, attempt('failed'));
  await time.pass(0);
  await rollouts.change(1, resumed);
  for (let device = 0; device < 2; device += 1) rollouts.count(attempt('failed'), attempt('superseded'));
  expect(rollouts.rollout(1)).toMatchObject({ state: 'running', accepted: [0, 0, 0] });
  for (let device = 0; device < 2; device += 1) rollouts.count(attempt('superseded'), attempt('failed'));
  expect(rollouts.rollout(1).state).toBe('paused');
});

it('a wave that nobody at all is known for opens no further one', async () => {
  const { rollouts, time } = await scene({}, async () => false);
  await time.pass(10 * MINUTE);
  expect(rollouts.rollout(1)).toMatchObject({ state: 'running', wave: 0 });
});

it('a share is of the devices that are to come, too, and is looked at again as they come and fall silent', async () => {
  let toCome = 4;
  let looks = 0;
  const world = await scene({ confirm: { percent: 80 } }, undefined, async () => {
    looks += 1;
    return toCome;
  });
  const { rollouts, time } = world;
  rollouts.count(undefined, attempt('confirmed'));
  await time.pass(MINUTE - SECOND);
  expect(looks).toBe(0);
  await time.pass(2 * SECOND);
  expect([rollouts.rollout(1).wave, rollouts.outlook(1).toCome, looks]).toEqual([0, 4, 1]);
  await time.pass(25 * SECOND);
  expect(looks).toBe(1);
  // Three come and confirm: four of five are enough, and nobody has to look for that.
  for (let device = 0; device < 2; device += 1) rollouts.count(undefined, attempt('confirmed'));
  await time.pass(0);
  expect([rollouts.rollout(1).wave, rollouts.outlook(1).toCome]).toEqual([0, 2]);
  rollouts.count(undefined, attempt('confirmed'));
  await time.pass(0);
  expect([rollouts.rollout(1).wave, looks]).toEqual([1, 1]);
  // Of the next wave one comes, and the others are not heard of any more.
  rollouts.count(undefined, { ...attempt('confirmed'), wave: 1 });
  await time.pass(2 * MINUTE);
  expect(rollouts.rollout(1).wave).toBe(1);
  toCome = 0;
  await time.pass(MINUTE);
  expect(rollouts.rollout(1).wave).toBe(2);
});

it('an abort holds while it is being written', async () => {
  const { rollouts } = await scene();
  const done = rollouts.change(1, (rollout, _counts, now) => aborted(rollout, 'x', now));
  await Promise.resolve();
  expect(rollouts.rollout(1).state).toBe('aborted');
  await done;
});

it('plans are made anew with each change, and not without one', async () => {
  const { rollouts, plans, time } = await scene();
  const before = plans();
  await time.pass(10 * SECOND);
  rollouts.count(undefined, attempt('downloading'));
  expect(plans()).toBe(before);
  rollouts.count(attempt('downloading'), attempt('failed'));
  expect(plans()).toBe(before + 1);
});

it('counts follow attempts from one standing to the next, and to nothing', async () => {
  const { rollouts } = await scene({ pause: { wave: { ...ONE_BAD, count: 9 }, overall: { ...ONE_BAD, count: 9 } } });
  rollouts.count(undefined, attempt('offered'));
  rollouts.count(attempt('offered'), attempt('silent'));
  expect(rollouts.counts(1)[0]).toMatchObject({ 'under-way': 0, silent: 1 });
  rollouts.count(attempt('silent'), undefined);
  expect(rollouts.counts(1)[0]).toMatchObject({ silent: 0 });
  expect(() => rollouts.counts(9)).toThrow(expect.objectContaining({ code: 'rollout-unknown' }));
});

it('does nothing by itself once it is closed', async () => {
  const { rollouts, time, stored } = await scene();
  rollouts.count(undefined, attempt('confirmed'));
  await rollouts.close();
  await time.pass(10 * MINUTE);
  expect((await stored())?.wave).toBe(0);
});
