import { REPORT_STATES, type Report } from '@libfota2/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINUTE, question, WORLD_KEY, type World, worldOf } from '../../test/suites/world.ts';
import type { Upgrade } from '../domain/decide.ts';
import type { ReportAnswer } from './reports.ts';

const NOTHING: Report = {
  id: undefined,
  version: undefined,
  release: undefined,
  state: undefined,
  code: undefined,
  bytes: undefined,
  reason: undefined,
  until: undefined,
  log: [],
  report: undefined,
};
const TAKEN = { answer: 'taken', isRepeat: false };
const REPEAT = { answer: 'taken', isRepeat: true };
const asked = { idKind: 'uid', id: '867', projectKey: WORLD_KEY, firmwareName: 'app', version: undefined } as const;

interface Scene extends World {
  /** Reports, and lets what is due be written. */
  report(said: Partial<Report>, changes?: object): Promise<ReportAnswer>;
  result(serial: string, code: number): Promise<ReportAnswer>;
  attempt(): unknown;
  /** Asks, and is sent all of what it gets. */
  fetch(): Promise<void>;
}

/** A device on 1.0.0 that was sent 1.1.0. */
async function scene(world?: World): Promise<Scene> {
  const made = world ?? (await worldOf());
  if (world === undefined) {
    await made.publish('1.1.0');
    await made.ask();
  }
  const settled = async (taking: Promise<ReportAnswer>): Promise<ReportAnswer> => {
    taking.catch(() => undefined);
    await made.time.pass(0);
    return taking;
  };
  return {
    ...made,
    report: (said, changes) => settled(made.reports.take({ ...asked, ...changes }, { ...NOTHING, ...said })),
    result: (serial, code) => settled(made.reports.takeResult(serial, code)),
    attempt: () => made.fleet.record('p', '867', 'app')?.attempt,
    async fetch() {
      const { decision, sent } = await made.ask();
      if (sent === undefined) throw new Error('it gets nothing');
      made.checkIns.ended({ device: decision.device, sent, bytes: sent.size, isWhole: true, isRest: false });
      await made.time.pass(0);
    },
  };
}

describe('a report', () => {
  it('moves the last attempt of its device along, and the log tells what it said', async () => {
    const { report, attempt, log } = await scene();
    expect(await report({ state: 'downloaded', bytes: 6 })).toEqual(TAKEN);
    expect(attempt()).toMatchObject({ state: 'downloaded' });
    expect(await report({ state: 'installed', code: 7, log: ['writing', 'written\u001b[2J'] })).toEqual(TAKEN);
    expect(attempt()).toMatchObject({ state: 'installed' });
    expect((await log())[0]).toMatchObject({
      event: 'reported',
      code: 7,
      releaseVersion: '1.1.0',
      detail: 'installed: writing | written\ufffd[2J',
      device: { id: '867', version: '1.0.0' },
    });
  });

  it('of success confirms nothing before the device tells the new version, in a report or a question', async () => {
    const byReport = await scene();
    await byReport.report({ state: 'installed', version: '1.0.0' });
    expect(byReport.attempt()).toMatchObject({ state: 'installed' });
    expect(await byReport.report({ state: 'installed', version: '1.1.0' })).toEqual(TAKEN);
    expect(byReport.attempt()).toMatchObject({ state: 'confirmed' });
    expect(byReport.fleet.record('p', '867', 'app')).toMatchObject({ version: '1.1.0', deliveries: undefined });
    expect(byReport.told).toMatchObject(
      [{ type: 'release.published' }, { type: 'attempt.confirmed', data: { device: '867', version: '1.1.0' } }].slice(
        -1,
      ),
    );
    const byQuestion = await scene();
    await byQuestion.report({ state: 'installed' });
    await byQuestion.ask({ version: '1.1.0' });
    expect(byQuestion.attempt()).toMatchObject({ state: 'confirmed' });
  });

  it('of failure ends the attempt, with the device’s own number and words as the reason', async () => {
    const { report, attempt, told, log } = await scene();
    await report({ state: 'failed', version: '1.0.0', code: -5, log: ['flash is worn out'] });
    expect(attempt()).toMatchObject({ state: 'failed', code: -5, detail: 'flash is worn out' });
    expect(told.at(-1)).toMatchObject({ type: 'attempt.failed', data: { code: '-5', reason: 'flash is worn out' } });
    expect((await log()).map(({ event }) => event).slice(0, 2)).toEqual(['failed', 'reported']);
  });

  it('of a device that fell back is heard after it was confirmed, too', async () => {
    const { report, attempt } = await scene();
    await report({ version: '1.1.0' });
    expect(attempt()).toMatchObject({ state: 'confirmed' });
    await report({ state: 'rolled-back', version: '1.0.0', log: ['watchdog'] });
    expect(attempt()).toMatchObject({ state: 'rolled-back', detail: 'watchdog' });
  });

  it('of a device that waits keeps its attempt open, also where all of the package was sent, and begins it again afterwards', async () => {
    const scenes = await scene();
    const { report, attempt, ask, fetch, time, log, told } = scenes;
    await fetch();
    expect(attempt()).toMatchObject({ state: 'downloaded' });
    const until = time.now() / 1_000 + 6 * 3_600;
    expect(await report({ state: 'deferred', reason: 'outside of its \u001bwindow', until })).toEqual(TAKEN);
    const deferral = { until: until * 1_000, reason: 'outside of its \ufffdwindow' };
    expect(attempt()).toMatchObject({ state: 'downloaded', deferral });
    expect((await log())[0]).toMatchObject({
      event: 'reported',
      detail: `deferred until ${new Date(until * 1_000).toISOString()}: outside of its \ufffdwindow`,
    });
    await time.pass(3 * 60 * MINUTE);
    await ask();
    expect(attempt()).toMatchObject({ state: 'downloaded', failures: 0, deferral });
    await time.pass(4 * 60 * MINUTE);
    await ask();
    expect(attempt()).toMatchObject({ state: 'downloading', failures: 0, deferral: undefined });
    await fetch();
    await time.pass(2 * MINUTE);
    await ask();
    expect(attempt()).toMatchObject({ failures: 1 });
    expect(told.at(-1)).toMatchObject({ type: 'attempt.failed' });
  });

  it('of a device that waits with its restart lets an old version count from then on', async () => {
    const { report, attempt, ask, time } = await scene();
    await report({ state: 'installed' });
    await report({ state: 'deferred', log: ['a meeting', 'is going on'], until: time.now() / 1_000 + 3_600 });
    expect(attempt()).toMatchObject({ state: 'installed', deferral: { reason: 'is going on' } });
    await time.pass(30 * MINUTE);
    await ask();
    expect(attempt()).toMatchObject({ state: 'installed' });
    await time.pass(32 * MINUTE);
    await ask();
    expect(attempt()).toMatchObject({ state: 'rolled-back', failures: 1, deferral: undefined });
  });

  it('cannot put off an upgrade for longer than thirty days at a time', async () => {
    const { report, attempt, time, log } = await scene();
    await report({ state: 'deferred', until: Number.MAX_SAFE_INTEGER });
    expect(attempt()).toMatchObject({ deferral: { until: time.now() + 30 * 24 * 60 * MINUTE, reason: '' } });
    expect((await log())[0]).toMatchObject({ detail: 'deferred until 9999-12-31T23:59:59.000Z' });
  });

  it('of a device that waits does not keep it from being silent', async () => {
    const { report, attempt, time } = await scene();
    await report({ state: 'deferred', reason: 'winter', until: time.now() / 1_000 + 10 * 86_400 });
    await time.pass(25 * 60 * MINUTE);
    expect(attempt()).toMatchObject({ state: 'silent', deferral: { reason: 'winter' } });
  });

  it('that comes again changes nothing, after a restart and behind others too', async () => {
    const first = await scene();
    const once = { state: 'failed', code: 3, report: 'boot 7' } as const;
    const same = { state: 'downloaded', bytes: 6 } as const;
    expect(await first.report(once)).toEqual(TAKEN);
    expect(await first.report(same)).toEqual(TAKEN);
    const second = await scene(await first.restarted());
    const written = second.devices.written.length;
    expect(await second.report({ ...once, code: 4, log: ['sent again with more'] })).toEqual(REPEAT);
    expect(await second.report(same)).toEqual(REPEAT);
    expect(second.devices.written).toHaveLength(written);
    expect(second.attempt()).toEqual(first.attempt());
    for (let number = 0; number < 4; number += 1) await second.report({ report: String(number) });
    expect(await second.report(once)).toEqual(TAKEN);
  });

  it('about another release than the last one is only logged', async () => {
    const { report, attempt, log } = await scene();
    const before = attempt();
    await report({ state: 'failed', release: '1.0.9' });
    expect(attempt()).toEqual(before);
    expect((await log())[0]).toMatchObject({ event: 'reported', release: undefined, detail: 'failed' });
    await report({ state: 'failed', release: '1.1' });
    expect(attempt()).toMatchObject({ state: 'failed' });
  });

  it('about a LuatOS release may name it as its maker does, or as the wire', async () => {
    for (const release of ['1.2.6', '2012.1.6']) {
      const world = await worldOf();
      await world.publish('1.2.6', 'bytes', { core: 'V2012' });
      await world.ask({ version: '2012.1.5' });
      const { report, attempt } = await scene(world);
      await report({ state: 'installed', release });
      expect(attempt()).toMatchObject({ state: 'installed' });
      await report({ version: '1.2.6' });
      expect(attempt()).toMatchObject({ state: 'confirmed', to: '2012.1.6' });
    }
  });

  it('makes a silent device heard, and forgets deliveries of one that has moved', async () => {
    const { report, fleet, time } = await scene();
    await time.pass(25 * 60 * MINUTE);
    expect(fleet.record('p', '867', 'app')?.attempt).toMatchObject({ state: 'silent' });
    await report({ state: 'downloaded' });
    expect(fleet.record('p', '867', 'app')).toMatchObject({
      attempt: { state: 'downloaded' },
      lastSeenAt: time.now(),
      deliveries: { count: 1 },
    });
  });

  it.each([
    ['without an id', {}, { id: '' }, 3],
    ['of an unknown project', {}, { projectKey: 'x' }, 25],
    ['of a device that never asked', { id: '868' }, {}, 17],
    ['of a device that never asked for this firmware', {}, { firmwareName: 'other' }, 17],
  ])('%s is refused, and registers nobody', async (_what, said, changes, code) => {
    const { report, fleet, log } = await scene();
    expect(await report({ state: 'installed', ...said }, changes)).toMatchObject({ answer: 'refused', code });
    expect(fleet.size).toBe(1);
    expect((await log())[0]).toMatchObject({ event: 'refused', code, detail: 'a report' });
  });

  it('of a blocked device is taken: it may have been blocked for what it reports', async () => {
    const { report, operator, time, attempt } = await scene();
    const blocking = operator.setAccess('p', '867', 'blocked');
    await time.pass(0);
    await blocking;
    expect(await report({ state: 'rolled-back' })).toEqual(TAKEN);
    expect(attempt()).toMatchObject({ state: 'rolled-back' });
  });

  it('that cannot be made durable is not taken, and may come again', async () => {
    const { report, devices, attempt, time } = await scene();
    devices.setFull(true);
    await expect(report({ state: 'failed' })).rejects.toMatchObject({ code: 'disk-full' });
    expect(attempt()).toMatchObject({ state: 'downloading' });
    devices.setFull(false);
    await time.pass(2_000);
    expect(await report({ state: 'failed' })).toEqual(TAKEN);
    expect(attempt()).toMatchObject({ state: 'failed' });
  });

  it('whatever it says, leaves the attempt in a state that its own events lead to, and is known again', async () => {
    const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
    const said = fc.record({
      state: maybe(fc.constantFrom(...REPORT_STATES)),
      version: maybe(fc.constantFrom('1.0.0', '1.1.0', '1.0.5', 'x', '')),
      release: maybe(fc.constantFrom('1.1.0', '1.0.0', 'x')),
      code: maybe(fc.integer()),
      reason: maybe(fc.string({ unit: 'binary', maxLength: 200 })),
      until: maybe(fc.maxSafeNat()),
      bytes: maybe(fc.nat()),
      log: fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 6 }), async (all) => {
        const { report, log, problems, fleet } = await scene();
        for (const one of all) {
          const answer = await report(one);
          expect(answer.answer).toBe('taken');
          expect(await report(one)).toEqual(REPEAT);
        }
        expect(problems).toEqual([]);
        const isShown = fleet.record('p', '867', 'app')?.version === '1.1.0';
        const confirmed = (await log()).filter(({ event }) => event === 'confirmed');
        if (isShown) expect(confirmed.length).toBeGreaterThan(0);
        if (!all.some(({ version }) => version === '1.1.0')) expect(confirmed).toEqual([]);
        for (const { detail = '' } of await log()) expect(detail).toMatch(/^[^\p{C}]{0,2280}$/u);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the result of libfota3', () => {
  const told = ({ serials, checkIns }: World): string =>
    serials.issue(question(), checkIns.decide(question()) as Upgrade);

  it.each([
    [0, 'installed'],
    [1, 'installed'],
    [2, 'failed'],
    [3, 'failed'],
  ])('%i means %s', async (code, state) => {
    const world = await scene();
    const serial = told(world);
    expect(await world.result(serial, code)).toEqual(TAKEN);
    expect(world.attempt()).toMatchObject({ state });
    expect((await world.log()).find(({ event }) => event === 'reported')).toMatchObject({ code, detail: state });
    expect(await world.result(serial, code)).toEqual(REPEAT);
  });

  it('is about the release that the number was issued for, and changes nothing of another', async () => {
    const world = await scene();
    const serial = told(world);
    await world.publish('1.2.0');
    await world.ask();
    expect(await world.result(serial, 2)).toEqual(TAKEN);
    expect(world.attempt()).toMatchObject({ to: '1.2.0', state: 'downloading' });
  });

  it('of a number that was never issued, or of a device that was forgotten, is refused', async () => {
    const world = await scene();
    const serial = told(world);
    expect(await world.result('nobody', 1)).toMatchObject({ answer: 'refused', code: 3 });
    const forgetting = world.operator.forgetDevice('p', '867');
    await world.time.pass(0);
    await forgetting;
    expect(await world.result(serial, 1)).toMatchObject({ answer: 'refused', code: 17 });
  });
});
