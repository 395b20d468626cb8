import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BootRecord,
  confirmed,
  formatBootRecord,
  freeSlot,
  givenUp,
  newestOf,
  parseBootRecord,
  started,
  tried,
} from './boot-record.ts';
import { cksum } from './cksum.ts';

const slot = fc.constantFrom('a' as const, 'b' as const);
const maybe = fc.option(slot, { nil: undefined });
const record: fc.Arbitrary<BootRecord> = fc
  .record({
    generation: fc.integer({ min: 1, max: 99_999_999 }),
    run: slot,
    back: maybe,
    tries: fc.nat(99),
    minutes: fc.nat(9_999),
    fell: maybe,
  })
  .map((one) => (one.back === one.run ? { ...one, back: undefined } : one));

const FIRST: BootRecord = { generation: 1, run: 'a', back: undefined, tries: 0, minutes: 0, fell: undefined };

const launcher = join(import.meta.dirname, '../../launcher/launch.sh');
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fota boot '));
  for (const name of ['a', 'b']) mkdirSync(join(dir, 'slots', name), { recursive: true });
});
afterAll(() => rmSync(dir, { recursive: true }));

/** Starts as a machine would, and tells what the launcher started and what the record is then. */
function start(copies: readonly [string, string]): { readonly ran: string; readonly record: BootRecord | undefined } {
  for (const [place, text] of copies.entries()) writeFileSync(join(dir, `boot.${place}`), text);
  let ran = 'nothing';
  try {
    const command = ['sh', '-c', 'echo "$FOTA_SLOT $(basename "$PWD")"'];
    ran = execFileSync('sh', [launcher, dir, ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    // It found no record.
  }
  const now = ['boot.0', 'boot.1'].map((name) => readFileSync(join(dir, name), 'latin1')) as [string, string];
  return { ran, record: newestOf(now).record };
}

describe('a boot record', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(parseBootRecord(formatBootRecord(one))).toEqual(one);
      }),
    );
  });

  it('with any byte changed, or cut off anywhere, is none', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.integer({ min: 1, max: 127 }), (one, place, change) => {
        const text = formatBootRecord(one);
        const at = place % text.length;
        const other = String.fromCharCode(text.charCodeAt(at) ^ change);
        expect(parseBootRecord(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
        expect(parseBootRecord(text.slice(0, at))).toBeUndefined();
      }),
    );
    expect(parseBootRecord(undefined)).toBeUndefined();
  });

  it('has the checksum of cksum', () => {
    for (const text of ['', 'a', 'hello\n', 'x'.repeat(300)]) {
      const [sum] = execFileSync('cksum', { input: text, encoding: 'latin1' }).split(' ');
      expect(String(cksum(Buffer.from(text)))).toBe(sum);
    }
  });

  it('is never written over by the next one', () => {
    fc.assert(
      fc.property(record, fc.option(record), fc.boolean(), (one, other, swapped) => {
        const texts = [formatBootRecord(one), other === null ? 'torn' : formatBootRecord(other)] as const;
        const { record: counts, next } = newestOf(swapped ? [texts[1], texts[0]] : texts);
        expect(counts?.generation).toBe(Math.max(one.generation, other?.generation ?? 0));
        const kept = [...(swapped ? texts.toReversed() : texts)][1 - next];
        expect(parseBootRecord(kept)).toEqual(counts);
      }),
    );
    expect(newestOf([undefined, undefined])).toEqual({ record: undefined, next: 0 });
  });
});

describe('a version that is tried', () => {
  it('goes back after its starts, and not one sooner', () => {
    let now = tried(tried(undefined, 'a', { tries: 3, minutes: 0 }), 'b', { tries: 3, minutes: 0 });
    for (let start = 0; start < 3; start += 1) {
      now = started(now);
      expect(now.run).toBe('b');
    }
    now = started(now);
    expect(now).toMatchObject({ run: 'a', back: undefined, fell: 'b' });
    expect(started(now)).toBe(now);
  });

  it('leaves no slot free until it is confirmed or given up, and then the other one', () => {
    fc.assert(
      fc.property(record, (one) => {
        const free = freeSlot(one);
        expect(free === undefined).toBe(one.back !== undefined);
        expect(free).not.toBe(one.run);
        for (const settled of [confirmed(one), givenUp(one)]) {
          if (one.back === undefined) expect(settled).toBeUndefined();
          else expect([one.run, one.back]).toContain(settled && freeSlot(settled));
        }
      }),
    );
  });

  it('always has a way to a version that ran before', () => {
    fc.assert(
      fc.property(record, fc.nat(99), (one, tries) => {
        const free = freeSlot(one);
        if (free === undefined) return;
        let now = tried(one, free, { tries, minutes: 0 });
        for (let start = 0; start <= tries; start += 1) now = started(now);
        expect(now).toMatchObject({ run: one.run, back: undefined, fell: free });
      }),
    );
  });
});

describe('the launcher', () => {
  it('does at a start what the library thinks that it does, whatever a cut left of one copy', {
    timeout: 200_000,
  }, () => {
    const torn = fc.record({ text: record, cut: fc.nat(140) });
    const runs = process.env['PROVE'] === undefined ? 25 : 1_000;
    fc.assert(
      fc.property(record, fc.oneof(record, torn), fc.boolean(), (one, other, swapped) => {
        const second = 'cut' in other ? formatBootRecord(other.text).slice(0, other.cut) : formatBootRecord(other);
        const copies = [formatBootRecord({ ...one, minutes: 0 }), second] as const;
        const placed: readonly [string, string] = swapped ? [copies[1], copies[0]] : copies;
        const { record: before } = newestOf(placed);
        if (before === undefined || before.minutes > 0) return;
        const after = started(before);
        expect(start(placed)).toEqual({ ran: `${after.run} ${after.run}`, record: after });
      }),
      {
        numRuns: runs,
        // Two copies of one number.
        examples: [[{ ...FIRST, run: 'a' }, { ...FIRST, run: 'b' }, false]],
      },
    );
  });

  it('takes a copy for whole exactly where the library does, wherever its writing was cut off', {
    timeout: 200_000,
  }, () => {
    const before: BootRecord = { generation: 6, run: 'a', back: 'b', tries: 2, minutes: 0, fell: undefined };
    const text = formatBootRecord({ ...before, generation: 7, run: 'b', back: 'a' });
    const step = process.env['PROVE'] === undefined ? 9 : 1;
    for (let cut = text.length; cut >= 0; cut -= cut > text.length - 4 ? 1 : step) {
      const copies = [formatBootRecord(before), text.slice(0, cut)] as const;
      const counts = newestOf(copies).record ?? before;
      expect(start(copies).record, `${cut} of ${text.length} bytes`).toEqual(started(counts));
    }
  });

  it('starts nothing where there is no record, and says so', () => {
    expect(start(['', ''])).toEqual({ ran: 'nothing', record: undefined });
  });

  it('is short enough to be read before it is trusted', () => {
    expect(readFileSync(launcher, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(60);
  });
});
