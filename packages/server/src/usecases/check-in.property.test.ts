import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answered, DAY, MINUTE, SECOND, type World, worldOf } from '../../test/suites/world.ts';
import type { Access } from '../domain/decide.ts';

const ALL = { project: undefined, firmwareName: undefined, state: undefined };

/** What may happen to a server. */
type Step =
  | { readonly is: 'ask'; readonly id: string; readonly version: string; readonly times: number }
  | { readonly is: 'publish'; readonly version: string; readonly content: string }
  | { readonly is: 'withdraw'; readonly nth: number }
  | { readonly is: 'access'; readonly id: string; readonly access: Access }
  | { readonly is: 'full'; readonly isFull: boolean }
  | { readonly is: 'pass'; readonly ms: number }
  | { readonly is: 'jump'; readonly ms: number };

const ids = fc.constantFrom('1', '2', '3');
const span = fc.constantFrom(1, SECOND, MINUTE, DAY / 4, DAY);
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        is: fc.constant('ask' as const),
        id: ids,
        version: fc.constantFrom('1.0.0', '1.0.0', '1.0.0', '1.2.0', 'x'),
        times: fc.constantFrom(1, 1, 2, 5),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        is: fc.constant('publish' as const),
        version: fc.constantFrom('1.1.0', '1.2.0', '1.3.0'),
        content: fc.constantFrom('a', 'b'),
      }),
    },
    fc.record({ is: fc.constant('withdraw' as const), nth: fc.nat(3) }),
    fc.record({
      is: fc.constant('access' as const),
      id: ids,
      access: fc.constantFrom<Access>('default', 'blocked', 'allowed'),
    }),
    fc.record({ is: fc.constant('full' as const), isFull: fc.boolean() }),
    fc.record({ is: fc.constant('pass' as const), ms: span }),
    fc.record({
      is: fc.constant('jump' as const),
      ms: fc.oneof(
        span,
        span.map((ms) => -ms),
      ),
    }),
  ),
  { maxLength: 40 },
);

const PER_DAY = 3;

describe('whatever happens, and however often the disk is full', () => {
  it('nothing withdrawn, blocked or counted out is offered, and what was acknowledged outlives a kill -9', {
    timeout: 300_000,
  }, async () => {
    let [offered, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const world = await worldOf({ deliveriesPerDay: PER_DAY });
        await world.publish('1.1.0', 'a');
        for (const step of all) {
          const answers = await take(world, step);
          const promised = answers.filter(({ sent }) => sent !== undefined);
          for (const one of promised) expectAllowed(world, one);
          offered += promised.length;
          refused += answers.length - promised.length;
          await expectDurable(world);
        }
      }),
      { numRuns: process.env['PROVE'] === undefined ? 150 : 5_000 },
    );
    // Otherwise this would prove nothing.
    expect(offered).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });
});

function expectAllowed({ catalogue, fleet }: World, { decision, sent }: Answered): void {
  expect(sent && catalogue.release(sent.release).state).toBe('published');
  expect(fleet.access('p', decision.device.id)).not.toBe('blocked');
}

/** Takes one step; resolves to the answers that left. What fails because the disk is full was not acknowledged. */
async function take(world: World, step: Step): Promise<readonly Answered[]> {
  const ignoreFull = async (work: Promise<unknown>): Promise<void> => {
    work.catch(() => undefined);
    await world.time.pass(0);
    await work.catch((problem: { readonly code?: string }) => {
      const expected = ['disk-full', 'release-exists'];
      if (!expected.includes(problem.code ?? '')) throw problem;
    });
  };
  switch (step.is) {
    case 'ask': {
      const { id, version, times } = step;
      const before = world.fleet.recordsOf('p', id)[0];
      const asked = Array.from({ length: times }, () => world.ask({ id, version }));
      const settled = await Promise.allSettled(asked);
      const answers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const left = answers.filter(({ sent }) => sent !== undefined).length;
      const after = world.fleet.recordsOf('p', id)[0];
      expect(after?.deliveries?.count ?? 0).toBeLessThanOrEqual(PER_DAY);
      // What did not leave has not counted.
      if (answers.length === 0) expect(after?.deliveries).toEqual(before?.deliveries);
      expect(left).toBeLessThanOrEqual(PER_DAY);
      return answers;
    }
    case 'publish':
      await ignoreFull(world.publish(step.version, step.content));
      return [];
    case 'withdraw': {
      const release = world.catalogue.releases(ALL)[step.nth];
      if (release !== undefined) await ignoreFull(world.catalogue.withdraw(release.id));
      return [];
    }
    case 'access':
      await ignoreFull(world.operator.setAccess('p', step.id, step.access));
      return [];
    case 'full':
      world.devices.setFull(step.isFull);
      return [];
    case 'pass':
      await world.time.pass(step.ms);
      return [];
    case 'jump':
      world.time.jump(step.ms);
      return [];
  }
}

/** What a rule depends on, and what a resume goes on with, is what a server would find that is started now. */
async function expectDurable(world: World): Promise<void> {
  const again = await world.restarted();
  expect(again.catalogue.projects()).toEqual(world.catalogue.projects());
  expect(again.rollouts.all()).toEqual(world.rollouts.all());
  expect(again.fleet.size).toBe(world.fleet.size);
  for (const id of ['1', '2', '3']) {
    const [now, then] = [world, again].map(({ fleet }) => ({
      access: fleet.access('p', id),
      sent: fleet.recordsOf('p', id)[0]?.sent,
      deliveries: fleet.recordsOf('p', id)[0]?.deliveries,
    }));
    // That another version was told, and that counters are forgotten for it, follows within a second.
    expect(then).toEqual({ ...now, deliveries: now?.deliveries ?? then?.deliveries });
  }
  // Or it would go on with what it knew, on the stores of the one that lives.
  await again.rollouts.close();
}
