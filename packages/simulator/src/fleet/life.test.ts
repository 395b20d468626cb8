import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOOTS, type Boot, type Habits, type LifeEvent, type LifeState, live, newborn } from './life.ts';

const habits = (boot: Boot = 'ok', more: Partial<Habits> = {}): Habits => ({
  pollMs: () => 1_000,
  rebootMs: 30,
  offMs: () => 7,
  asksAtBoot: true,
  rounds: Number.POSITIVE_INFINITY,
  boot: () => boot,
  ...more,
});

const DUE: LifeEvent = { type: 'due' };
const NO: LifeEvent = { type: 'refused' };
const image = (becomes: string | undefined): LifeEvent => ({ type: 'image', becomes });

/** What a device is like after all this, and when it asks again. */
function after(how: Habits, ...events: readonly LifeEvent[]) {
  let state = newborn('1.0.0');
  let rest: unknown;
  for (const event of events) {
    const next = live(how, 0, state, event);
    state = next.state;
    rest = next.effects.find((effect) => effect.do === 'rest');
  }
  return { ...state, rest };
}

describe('a device', () => {
  it('that is told no asks again after its interval, counted from its question', () => {
    expect(after(habits(), DUE, NO)).toMatchObject({
      at: 'resting',
      standing: 'fresh',
      rest: { ms: 1_000, from: 'question' },
    });
  });

  it('that gets no answer does the same', () => {
    expect(after(habits(), DUE, { type: 'unheard' }).rest).toEqual({ do: 'rest', ms: 1_000, from: 'question' });
  });

  it('that takes an image restarts, asks with the new version, and only then has confirmed it', () => {
    const installed = after(habits(), DUE, image('1.1.0'));
    expect(installed).toMatchObject({
      version: '1.1.0',
      standing: 'installed',
      taken: 1,
      rest: { ms: 30, from: 'now' },
    });
    const unheard = after(habits(), DUE, image('1.1.0'), DUE, { type: 'unheard' });
    expect(unheard.standing).toBe('installed');
    expect(after(habits(), DUE, image('1.1.0'), DUE, NO).standing).toBe('confirmed');
  });

  it('whose script asks by its interval only waits for that after a start, too', () => {
    const patient = habits('ok', { asksAtBoot: false });
    expect(after(patient, DUE, image('1.1.0')).rest).toEqual({ do: 'rest', ms: 1_030, from: 'now' });
  });

  it('that is offered the next version at once has confirmed the one before on its way', () => {
    const twice = [DUE, image('1.1.0'), DUE, image('1.2.0')];
    expect(after(habits(), ...twice)).toMatchObject({ version: '1.2.0', standing: 'installed' });
    expect(after(habits(), ...twice, DUE, NO).standing).toBe('confirmed');
  });

  it('whose new version does not start comes back with the old one', () => {
    const once = after(habits('fails'), DUE, image('1.1.0'));
    expect(once).toMatchObject({ version: '1.0.0', standing: 'failed', taken: 1, rest: { ms: 30, from: 'now' } });
    expect(after(habits('fails'), DUE, image('1.1.0'), DUE, image('1.1.0')).tries).toBe(2);
  });

  it('whose new version starts at the second attempt only gets there', () => {
    expect(after(habits('flaky'), DUE, image('1.1.0')).standing).toBe('failed');
    expect(after(habits('flaky'), DUE, image('1.1.0'), DUE, image('1.1.0')).version).toBe('1.1.0');
  });

  it('that never starts what it takes goes on as if nothing had been', () => {
    expect(after(habits('loops'), DUE, image('1.1.0'))).toMatchObject({
      version: '1.0.0',
      standing: 'looping',
      taken: 1,
      rest: { ms: 1_000, from: 'question' },
    });
  });

  it('that the new version silences is not heard of again', () => {
    expect(after(habits('silent'), DUE, image('1.1.0'), DUE, DUE)).toMatchObject({
      at: 'gone',
      standing: 'silent',
      asked: 1,
    });
  });

  it('that crashes later asks once with the new version, and then with the old one', () => {
    const crashing = habits('crashes-later');
    expect(after(crashing, DUE, image('1.1.0'))).toMatchObject({ version: '1.1.0', standing: 'installed' });
    expect(after(crashing, DUE, image('1.1.0'), DUE, { type: 'unheard' }).version).toBe('1.1.0');
    expect(after(crashing, DUE, image('1.1.0'), DUE, NO)).toMatchObject({
      version: '1.0.0',
      standing: 'rolled-back',
      rest: { ms: 30, from: 'now' },
    });
  });

  it('whose boot loader refuses what came keeps its version, and has taken nothing', () => {
    expect(after(habits(), DUE, image(undefined))).toMatchObject({ version: '1.0.0', standing: 'failed', taken: 0 });
  });

  it('that loses its power asks again when it has it back', () => {
    expect(after(habits(), DUE, { type: 'power-lost' }).rest).toEqual({ do: 'rest', ms: 7, from: 'now' });
  });

  it('has news of its installation until somebody has heard of it', () => {
    const failed = [DUE, image('1.1.0'), DUE] as const;
    expect(after(habits('fails'), ...failed).news).toBe('failed');
    expect(after(habits('fails'), ...failed, { type: 'unheard' }).news).toBe('failed');
    expect(after(habits('fails'), ...failed, NO).news).toBeUndefined();
    expect(after(habits(), DUE, image('1.1.0')).news).toBe('installed');
    expect(after(habits('crashes-later'), DUE, image('1.1.0'), DUE, NO).news).toBe('rolled-back');
    expect(after(habits('loops'), DUE, image('1.1.0')).news).toBeUndefined();
  });

  it('that listens to a wish of the server waits as long', () => {
    const rest = { do: 'rest', ms: 1_000, from: 'question', waitMs: 5_000 };
    expect(after(habits(), DUE, { type: 'refused', waitMs: 5_000 }).rest).toEqual(rest);
    expect(after(habits(), DUE, { type: 'unheard', waitMs: 5_000 }).rest).toEqual(rest);
  });

  it('asks no more than so many times, and counts its calls from its last start on', () => {
    const done = after(habits('ok', { rounds: 2 }), DUE, NO, DUE, image('1.1.0'), DUE);
    expect(done).toMatchObject({ at: 'gone', asked: 2, calls: 0, standing: 'installed' });
    expect(after(habits(), DUE, NO, DUE, NO).calls).toBe(2);
  });
});

const anyEvent: fc.Arbitrary<LifeEvent> = fc.oneof(
  fc.constantFrom<LifeEvent>(DUE, NO, { type: 'unheard' }, { type: 'power-lost' }),
  fc.option(fc.constantFrom('1.0.0', '1.1.0', '1.2.0'), { nil: undefined }).map(image),
);
const anyBoot = fc.constantFrom(...BOOTS);

/** Each step of a life in which all this happens. */
function steps(how: Habits, events: readonly LifeEvent[]) {
  const all: { before: LifeState; event: LifeEvent; after: LifeState; effects: readonly string[] }[] = [];
  let state = newborn('1.0.0');
  for (const event of events) {
    const next = live(how, 0, state, event);
    all.push({ before: state, event, after: next.state, effects: next.effects.map((effect) => effect.do) });
    state = next.state;
  }
  return all;
}

describe('whatever happens', () => {
  const lives = (check: (all: ReturnType<typeof steps>, boot: Boot) => void): void =>
    fc.assert(
      fc.property(anyBoot, fc.array(anyEvent, { maxLength: 40 }), (boot, events) =>
        check(steps(habits(boot, { rounds: 9 }), events), boot),
      ),
    );

  it('a device asks when it is due, rests after each answer, and is either at one of it or gone', () => {
    lives((all) => {
      for (const {
        before,
        event,
        after: { at },
        effects,
      } of all) {
        const isMeant = before.at === (event.type === 'due' ? 'resting' : 'asking');
        const wanted = !isMeant || at === 'gone' ? [] : [at === 'asking' ? 'ask' : 'rest'];
        expect(effects).toEqual(wanted);
      }
    });
  });

  it('it tells another version only after an image of it, or falls back to the one that it had', () => {
    lives((all, boot) => {
      for (const {
        before,
        event,
        after: { version, standing },
      } of all) {
        if (version === before.version) continue;
        const isBack = boot === 'crashes-later' && standing === 'rolled-back';
        expect(isBack || (event.type === 'image' && event.becomes === version)).toBe(true);
      }
    });
  });

  it('nothing is confirmed but by an answer to a question with that version', () => {
    lives((all) => {
      for (const { before, event, after: now } of all) {
        if (now.standing !== 'confirmed' || before.standing === 'confirmed') continue;
        expect(before).toMatchObject({ at: 'asking', standing: 'installed', version: now.version });
        expect(['refused', 'image']).toContain(event.type);
      }
    });
  });

  it('who is gone stays so, and nobody asks oftener than so often', () => {
    lives((all) => {
      const gone = all.findIndex(({ after: { at } }) => at === 'gone');
      if (gone >= 0) expect(all.slice(gone + 1).flatMap(({ effects }) => effects)).toEqual([]);
      expect(all.flatMap(({ effects }) => effects).filter((one) => one === 'ask').length).toBeLessThanOrEqual(9);
    });
  });
});
