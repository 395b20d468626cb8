import { describe, expect, it } from 'vitest';
import { deviceOf, entryOf } from '../../test/suites/samples.ts';
import { fakeTime, MINUTE } from '../../test/suites/world.ts';
import type { LogEntry } from '../ports.ts';
import { createNoise, type Noise } from './noise.ts';

function made(): { readonly noise: Noise; readonly noted: LogEntry[]; pass(ms: number): Promise<void> } {
  const { later, pass } = fakeTime();
  const noted: LogEntry[] = [];
  return { noise: createNoise({ note: (entry) => noted.push(entry), later }), noted, pass };
}

const unreadable = (detail: string): LogEntry =>
  entryOf({ event: 'unreadable', code: 400, rule: undefined, detail, device: deviceOf({ id: detail }) });

describe('what anybody can cause', () => {
  it('is noted at once, and what is like it only counted, until the minute is over', async () => {
    const { noise, noted, pass } = made();
    for (const detail of ['a', 'b', 'c']) noise.heard(unreadable(detail));
    expect(noted).toEqual([unreadable('a')]);
    await pass(MINUTE - 1);
    expect(noted).toHaveLength(1);
    await pass(1);
    expect(noted.slice(1)).toEqual([{ ...unreadable('c'), detail: 'c; 2 more within a minute' }]);
    noise.heard(unreadable('d'));
    expect(noted.at(-1)).toEqual(unreadable('d'));
    await pass(10 * MINUTE);
    expect(noted).toHaveLength(3);
  });

  it('is told apart by rule, code, project and firmware, not by who asks', () => {
    const { noise, noted } = made();
    const kinds = [
      unreadable('x'),
      { ...unreadable('x'), code: 431 },
      entryOf({ rule: 'unregistered', code: 17 }),
      entryOf({ rule: 'unregistered', code: 17, device: deviceOf({ project: 'q' }) }),
      entryOf({ rule: 'firmware-unknown', code: 26, device: deviceOf({ firmwareName: 'other' }) }),
    ];
    for (const kind of kinds) noise.heard(kind);
    expect(noted).toEqual(kinds);
    for (const kind of kinds) noise.heard({ ...kind, device: { ...kind.device, id: 'another', version: '9' } });
    expect(noted).toHaveLength(kinds.length);
  });

  it('fills the log with no more than some 40 entries a minute, whatever comes', async () => {
    const { noise, noted, pass } = made();
    for (let n = 0; n < 10_000; n += 1) {
      const device = deviceOf({ firmwareName: `name ${n % 5_000}` });
      noise.heard(entryOf({ rule: 'firmware-unknown', code: 26, device }));
    }
    await pass(MINUTE);
    expect(noted.length).toBeGreaterThan(20);
    expect(noted.length).toBeLessThanOrEqual(42);
    // Nothing is lost of the number.
    const more = noted.map(({ detail = '' }) => Number(/^(\d+) more/.exec(detail)?.[1] ?? 1));
    expect(more.reduce((sum, count) => sum + count, 0)).toBe(10_000);
  });

  it('is noted with its numbers by a flush', async () => {
    const { noise, noted, pass } = made();
    noise.heard(unreadable(''));
    noise.heard(unreadable(''));
    noise.flush();
    expect(noted.map(({ detail }) => detail)).toEqual(['', '1 more within a minute']);
    await pass(MINUTE);
    expect(noted).toHaveLength(2);
  });
});
