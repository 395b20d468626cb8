import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Standing } from '../trials.ts';
import { AT_REST, type Effect, type Happening, type Life, next, type Release, type Stage } from './lifecycle.ts';

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);
const release: Release = { version: '1.1.0', size: 10, sha256: NEW };
const wait = { reason: 'at work', untilMs: 1_000 };

const onTrial: Standing = { runs: NEW, isTried: true, isStarted: true, fell: undefined };
const installed: Standing = { ...onTrial, isStarted: false };
const held: Standing = { ...onTrial, isTried: false };
const before: Standing = { runs: OLD, isTried: false, isStarted: true, fell: undefined };
const fallen: Standing = { ...before, fell: NEW };

/** What comes of it in turn: stages, and what is to be done at last. */
function after(life: Life, ...happenings: readonly Happening[]): readonly [Stage, ...string[]] {
  const start: { life: Life; effects: readonly Effect[] } = { life, effects: [] };
  const end = happenings.reduce((step, happened) => next(step.life, happened), start);
  return [
    end.life.stage,
    ...end.effects.map((one) => (one.type === 'report' ? `report ${one.report.state ?? 'version'}` : one.type)),
  ];
}

const at = (stage: Stage): Life => ({ stage, release });
const broke: Happening = { type: 'broke', code: 'stalled', message: 'Nothing came.' };

describe('an upgrade', () => {
  it('goes from rest to a version that holds', () => {
    const steps: readonly [Happening, ...(readonly string[])][] = [
      [{ type: 'due' }, 'checking', 'check'],
      [{ type: 'offered', release }, 'checking', 'ask-install'],
      [{ type: 'granted' }, 'downloading', 'download'],
      [{ type: 'received' }, 'verifying'],
      [{ type: 'proven' }, 'installing'],
      [{ type: 'installed', release }, 'ready', 'report installed', 'ask-restart'],
      [{ type: 'granted' }, 'trying', 'restart'],
      [{ type: 'seen', standing: installed }, 'trying', 'watch'],
      [{ type: 'seen', standing: onTrial }, 'trying', 'watch'],
      [{ type: 'well' }, 'trying', 'confirm'],
      [{ type: 'seen', standing: held }, 'confirmed', 'report version'],
    ];
    for (const [index, [, ...wanted]] of steps.entries()) {
      expect(after(AT_REST, ...steps.slice(0, index + 1).map(([happened]) => happened))).toEqual(wanted);
    }
  });

  it.each<[string, Life, Happening, ...string[]]>([
    ['there is none', at('checking'), { type: 'nothing' }, 'idle'],
    ['the question fails', at('checking'), broke, 'idle'],
    ['it breaks', at('downloading'), broke, 'failed', 'report failed'],
    ['it does not hold its digest', at('verifying'), broke, 'failed', 'report failed'],
    ['it cannot be unpacked', at('installing'), broke, 'failed', 'report failed'],
    ['the server thinks better of it', at('downloading'), { type: 'nothing' }, 'idle'],
    ['it must wait', at('checking'), { type: 'deferred', wait }, 'idle', 'report deferred'],
    ['it need not wait any longer', { ...at('idle'), wait }, { type: 'over' }, 'checking', 'ask-install'],
    ['its restart must wait', at('ready'), { type: 'deferred', wait }, 'ready', 'report deferred'],
    ['its restart need not wait', { ...at('ready'), wait }, { type: 'over' }, 'ready', 'ask-restart'],
    ['its restart does not come about', at('trying'), { type: 'deferred', wait }, 'ready', 'report deferred'],
    ['it is not well', at('trying'), { type: 'unwell', message: '503' }, 'trying', 'give-up', 'restart'],
    ['it fell', at('trying'), { type: 'seen', standing: fallen }, 'rolled-back', 'report rolled-back'],
    [
      'it fell and still runs',
      at('trying'),
      { type: 'seen', standing: { ...fallen, isStarted: false } },
      'trying',
      'watch',
    ],
    ['somebody started it while it waited', at('ready'), { type: 'seen', standing: onTrial }, 'trying', 'watch'],
    ['nobody started it while it waited', at('ready'), { type: 'seen', standing: installed }, 'ready'],
    ['it is time to ask while it waits', { ...at('idle'), wait }, { type: 'due' }, 'idle'],
    ['somebody asks while it waits', { ...at('idle'), wait }, { type: 'asked' }, 'checking', 'check'],
    ['it may go on after it waited', { ...at('checking'), wait }, { type: 'granted' }, 'checking', 'check'],
    [
      'it is still on offer after it waited',
      { stage: 'checking', consented: release },
      { type: 'offered', release },
      'downloading',
      'download',
    ],
    [
      'another is on offer after it waited',
      { stage: 'checking', consented: release },
      { type: 'offered', release: { ...release, sha256: OLD } },
      'checking',
      'ask-install',
    ],
    ['another came in its stead', at('trying'), { type: 'seen', standing: before }, 'failed', 'report failed'],
    ['it is time to ask while one is on trial', at('trying'), { type: 'due' }, 'trying'],
    ['it is time to ask while bytes come', at('downloading'), { type: 'due' }, 'downloading'],
  ])('goes on where %s', (_, life, happened, ...wanted) => {
    expect(after(life, happened)).toEqual(wanted);
  });

  it.each<[string, Life, Standing, ...string[]]>([
    ['at rest', AT_REST, before, 'idle'],
    ['while bytes came', at('downloading'), before, 'checking', 'check'],
    ['just after it was installed', at('downloading'), installed, 'ready', 'ask-restart'],
    [
      'just after the first of all was installed',
      at('downloading'),
      { ...held, isStarted: false },
      'ready',
      'ask-restart',
    ],
    ['before its restart', { ...at('ready'), wait }, installed, 'ready', 'ask-restart'],
    ['in its restart', at('ready'), onTrial, 'trying', 'watch'],
    ['before a restart that was ordered', at('trying'), installed, 'ready', 'report deferred'],
    ['before the last restart that is ordered', { ...at('trying'), restarts: 5 }, installed, 'trying', 'give-up'],
    ['on trial', at('trying'), onTrial, 'trying', 'watch'],
    ['and it confirmed itself meanwhile', at('trying'), held, 'confirmed', 'report version'],
    ['and it fell meanwhile', at('ready'), fallen, 'rolled-back', 'report rolled-back'],
    ['between giving up and the restart', at('trying'), { ...fallen, isStarted: false }, 'ready', 'report deferred'],
    ['and the journal is lost', AT_REST, onTrial, 'trying', 'watch'],
    ['and the journal is lost before the restart', AT_REST, installed, 'ready', 'ask-restart'],
  ])('goes on after a process that ended %s', (_, life, standing, ...wanted) => {
    expect(after(life, { type: 'began', standing, nowMs: 0 })).toEqual(wanted);
  });

  it('tells the server of which release it speaks, and why', () => {
    const { effects } = next(at('downloading'), broke);
    expect(effects).toEqual([
      { type: 'report', report: { state: 'failed', release: '1.1.0', log: ['Nothing came.'] } },
    ]);
    const deferred = next(at('ready'), { type: 'deferred', wait });
    expect(deferred.effects).toEqual([
      { type: 'report', report: { state: 'deferred', release: '1.1.0', reason: 'at work', until: 1 } },
    ]);
  });
});

it('tells the server of a wait once, and again where the reason or the hour changes', () => {
  const minute = 60_000;
  const told = (life: Life, reason: string, untilMs: number): readonly [Life, boolean] => {
    const step = next(next(life, { type: 'over' }).life, { type: 'deferred', wait: { reason, untilMs } });
    return [step.life, step.effects.length > 0];
  };
  for (const stage of ['idle', 'ready'] as const) {
    let life = next(at(stage === 'idle' ? 'checking' : 'ready'), { type: 'deferred', wait }).life;
    const heard = [
      ['at work', 10 * minute],
      ['at work', 59 * minute],
      ['at work', 61 * minute],
      ['at work', 70 * minute],
      ['asleep', 71 * minute],
    ].map(([reason, untilMs]) => {
      const [after, isTold] = told(life, String(reason), Number(untilMs));
      life = after;
      return isTold;
    });
    expect(heard).toEqual([false, false, true, false, true]);
    expect(life).toMatchObject({ stage, wait: { reason: 'asleep', untilMs: 71 * minute } });
  }
});

const sha256 = fc.constantFrom(OLD, NEW);
const standings: fc.Arbitrary<Standing> = fc.record({
  runs: fc.option(sha256, { nil: undefined }),
  isTried: fc.boolean(),
  isStarted: fc.boolean(),
  fell: fc.option(sha256, { nil: undefined }),
});
const releases: fc.Arbitrary<Release> = fc.record({
  version: fc.constant(undefined),
  size: fc.constant(10),
  sha256: fc.option(sha256, { nil: undefined }),
});
const happenings: fc.Arbitrary<Happening> = fc.oneof(
  fc.constantFrom<Happening[]>(
    { type: 'due' },
    { type: 'asked' },
    { type: 'over' },
    { type: 'nothing' },
    { type: 'granted' },
    { type: 'deferred', wait },
    { type: 'received' },
    { type: 'proven' },
    broke,
    { type: 'well' },
    { type: 'unwell', message: '503' },
  ),
  releases.map((one): Happening => ({ type: 'offered', release: one })),
  sha256.map((one): Happening => ({ type: 'installed', release: { ...release, sha256: one } })),
  standings.map((standing): Happening => ({ type: 'began', standing, nowMs: 0 })),
  standings.map((standing): Happening => ({ type: 'seen', standing })),
);

describe('whatever happens, in whatever order', () => {
  it('nothing is on trial but what was installed whole, or is found so at its place', () => {
    fc.assert(
      fc.property(fc.array(happenings, { maxLength: 40 }), (all) => {
        let life = AT_REST;
        const installed = new Set<string | undefined>();
        for (const happened of all) {
          const isInstallation =
            happened.type === 'installed' && ['downloading', 'verifying', 'installing'].includes(life.stage);
          if (isInstallation) installed.add(happened.release.sha256);
          if (happened.type === 'began') installed.add(happened.standing.runs);
          life = next(life, happened).life;
          if (life.stage === 'ready' || life.stage === 'trying') expect(installed).toContain(life.release?.sha256);
        }
      }),
    );
  });

  it('is confirmed only what its place keeps, has started, and no longer tries', () => {
    fc.assert(
      fc.property(fc.array(happenings, { maxLength: 40 }), (all) => {
        let life = AT_REST;
        for (const happened of all) {
          const before = life;
          life = next(life, happened).life;
          if (life.stage !== 'confirmed' || before.stage === 'confirmed') continue;
          expect(happened).toMatchObject({ standing: { runs: life.release?.sha256, isTried: false, isStarted: true } });
        }
      }),
    );
  });

  it('there is a way back to rest, and on to the next version', () => {
    // What an ordinary world answers to what is to be done.
    const answers = (isGood: boolean): Readonly<Record<string, Happening>> => ({
      check: isGood ? { type: 'offered', release } : { type: 'nothing' },
      'ask-install': { type: 'granted' },
      download: isGood ? { type: 'installed', release } : broke,
      'ask-restart': { type: 'granted' },
      restart: { type: 'seen', standing: isGood ? onTrial : fallen },
      watch: isGood ? { type: 'well' } : { type: 'unwell', message: '503' },
      confirm: { type: 'seen', standing: held },
      'give-up': { type: 'seen', standing: fallen },
    });
    const lives = fc
      .array(happenings, { maxLength: 40 })
      .map((all) => all.reduce((life, happened) => next(life, happened).life, AT_REST));
    fc.assert(
      fc.property(lives, fc.boolean(), (start, isGood) => {
        const ends: Stage[] = [];
        let life = start;
        for (const first of [{ type: 'began', standing: before, nowMs: 0 }, { type: 'asked' }] as const) {
          let happened: Happening | undefined = first;
          for (let steps = 0; happened !== undefined && steps < 30; steps += 1) {
            const step: ReturnType<typeof next> = next(life, happened);
            life = step.life;
            happened = step.effects.map(({ type }) => answers(isGood)[type]).findLast((one) => one !== undefined);
          }
          ends.push(life.stage);
        }
        for (const stage of ends) expect(['idle', 'confirmed', 'rolled-back', 'failed']).toContain(stage);
        if (isGood) expect(ends.at(-1)).toBe('confirmed');
      }),
    );
  });

  it('lives are plain data, and survive a journal', () => {
    fc.assert(
      fc.property(fc.array(happenings, { maxLength: 20 }), (all) => {
        const life = all.reduce((one, happened) => next(one, happened).life, AT_REST);
        const read: Life = JSON.parse(JSON.stringify(life));
        expect(next(read, { type: 'began', standing: before, nowMs: 0 })).toEqual(
          next(life, { type: 'began', standing: before, nowMs: 0 }),
        );
      }),
    );
  });
});
