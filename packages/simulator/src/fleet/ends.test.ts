import { describe, expect, it } from 'vitest';
import { createEnds } from './ends.ts';
import { newborn } from './life.ts';

const until = { afterMs: undefined, rounds: undefined, when: undefined, quietMs: 100 };
const fresh = newborn('1.0.0');
const confirmed = { ...fresh, standing: 'confirmed' } as const;
const silent = { ...fresh, at: 'gone', standing: 'silent' } as const;

describe('a fleet ends', () => {
  it('after its time, and knows that beforehand', () => {
    const ends = createEnds({ count: 2, until: { ...until, afterMs: 50 } }, 1_000);
    expect([ends.nextMs(), ends.reached(1_049), ends.reached(1_050)]).toEqual([1_050, undefined, 'time']);
  });

  it('once all who still ask have confirmed', () => {
    const ends = createEnds({ count: 2, until: { ...until, when: 'confirmed' } }, 0);
    ends.lived(0, fresh, confirmed);
    expect(ends.reached(0)).toBeUndefined();
    ends.lived(1, fresh, silent);
    expect(ends.reached(0)).toBe('confirmed');
  });

  it('not before who had confirmed and fell back has done so again', () => {
    const ends = createEnds({ count: 1, until: { ...until, when: 'confirmed' } }, 0);
    ends.lived(0, fresh, confirmed);
    ends.lived(0, confirmed, { ...fresh, standing: 'rolled-back' });
    expect(ends.reached(0)).toBeUndefined();
  });

  it('once nobody has got anything for a while, and everybody was told no', () => {
    const ends = createEnds({ count: 2, until: { ...until, when: 'quiet' } }, 0);
    ends.answered(0, true, 10);
    expect([ends.nextMs(), ends.reached(1_000)]).toEqual([Number.POSITIVE_INFINITY, undefined]);
    ends.answered(1, false, 50);
    ends.answered(1, true, 70);
    expect([ends.nextMs(), ends.reached(149), ends.reached(150)]).toEqual([150, undefined, 'quiet']);
  });

  it('when nobody is left who asks', () => {
    const ends = createEnds({ count: 1, until }, 0);
    ends.lived(0, fresh, silent);
    expect(ends.reached(0)).toBe('quiet');
    const counted = createEnds({ count: 1, until: { ...until, rounds: 3 } }, 0);
    counted.lived(0, fresh, { ...fresh, at: 'gone' });
    expect(counted.reached(0)).toBe('rounds');
  });
});
