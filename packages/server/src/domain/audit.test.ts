import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditFault, type AuditRecord, entryIn, faultOf, lineOf, NO_ENTRY, recordIn, sealed } from './audit.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A chain of entries whose actions are these. */
function chainOf(actions: readonly string[]): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (const action of actions) {
    const draft = {
      kind: 'begun',
      at: '2026-11-23T17:00:00.000Z',
      by: 'local:local',
      action,
      project: undefined,
    } as const;
    records.push(sealed(draft, records.at(-1) ?? NO_ENTRY, sha256));
  }
  return records;
}

/** The first fault of a chain. */
function checked(records: readonly AuditRecord[]): AuditFault | undefined {
  for (const [at, record] of records.entries()) {
    const fault = faultOf(record, records[at - 1] ?? NO_ENTRY, sha256);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const chains = fc.array(fc.string({ unit: 'binary', maxLength: 8 }), { minLength: 1, maxLength: 12 }).map(chainOf);
/** A chain and a place in it. */
const placed = chains.chain((records) =>
  fc.tuple(fc.constant(records), fc.integer({ min: 0, max: records.length - 1 }), fc.nat()),
);

/** The text with another character at a place. */
function flipped(text: string, place: number): string {
  const at = place % text.length;
  return text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1);
}

describe('a chain', () => {
  it('that nobody touched has no fault, and tells what was put in', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 12 }), (actions) => {
        const records = chainOf(actions);
        expect(checked(records)).toBeUndefined();
        expect(records.map((record) => entryIn(record).action)).toEqual(actions);
        expect(records.map(({ id }) => id)).toEqual(actions.map((_, at) => at + 1));
      }),
    );
  });

  it('shows a changed character at the entry that has it, in its text and in its hash', () => {
    fc.assert(
      fc.property(placed, fc.constantFrom('text' as const, 'hash' as const), ([records, at, place], part) => {
        const record = records[at];
        if (record === undefined) return;
        const touched = records.with(at, { ...record, [part]: flipped(record[part], place) });
        expect(checked(touched)).toMatchObject({ id: at + 1, says: expect.stringContaining('was changed') });
      }),
    );
  });

  it('shows a removed entry at its place, but for the last', () => {
    fc.assert(
      fc.property(placed, ([records, at]) => {
        const fault = checked(records.toSpliced(at, 1));
        if (at === records.length - 1) expect(fault).toBeUndefined();
        else expect(fault).toMatchObject({ id: at + 1, says: expect.stringContaining('missing') });
      }),
    );
  });

  it('shows swapped entries at the first of them', () => {
    fc.assert(
      fc.property(placed, ([records, at, other]) => {
        const [low, high] = [at, other % records.length].toSorted((a, b) => a - b) as [number, number];
        const [first, second] = [records[low], records[high]];
        if (first === undefined || second === undefined || low === high) return;
        expect(checked(records.with(low, second).with(high, first))?.id).toBe(low + 1);
      }),
    );
  });

  it('shows an inserted entry at its place, and one that was made to fit at the next', () => {
    fc.assert(
      fc.property(placed, ([records, at, other]) => {
        const copy = records[other % records.length];
        if (copy === undefined) return;
        // A copy of the entry that stands there shows as the second of the two.
        expect(checked(records.toSpliced(at, 0, copy))?.id).toBe(copy === records[at] ? at + 2 : at + 1);
        const before = records[at - 1] ?? NO_ENTRY;
        const forged = sealed({ kind: 'begun', at: '', action: 'forged' }, before, sha256);
        expect(checked(records.toSpliced(at, 0, forged))?.id).toBe(at + 2);
      }),
    );
  });

  it('shows an entry that was replaced by one that fits at the next, whose link then fails', () => {
    fc.assert(
      fc.property(placed, ([records, at]) => {
        const forged = sealed({ kind: 'begun', at: '', action: 'forged' }, records[at - 1] ?? NO_ENTRY, sha256);
        const fault = checked(records.with(at, forged));
        if (at === records.length - 1) expect(fault).toBeUndefined();
        else expect(fault).toMatchObject({ id: at + 2, says: expect.stringContaining('replaced') });
      }),
    );
  });

  it('writes what would steer a terminal in other words, and means the same', () => {
    const name = 'a\u001b[31m\u009b\u202e\u2028\ud800z';
    const record = sealed({ kind: 'refused', at: '', name }, NO_ENTRY, sha256);
    expect(record.text).toContain('a\\u001b[31m\\u009b\\u202e\\u2028\\ud800z');
    expect(entryIn(record).name).toBe(name);
    expect(recordIn(lineOf(record))).toEqual(record);
  });

  it('goes through lines of JSON and back, and what is no such line is none', () => {
    fc.assert(
      fc.property(chains, (records) => {
        const lines = records.map(lineOf);
        for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
        expect(lines.map(recordIn)).toEqual(records);
        expect(JSON.parse(lines[0] ?? '')).toMatchObject({ id: 1, hash: records[0]?.hash });
      }),
    );
    for (const line of ['', '{}', '{"id":1}', `{"id":1,"hash":"${'g'.repeat(64)}"}`, '\u2028']) {
      expect(recordIn(line)).toBeUndefined();
    }
  });
});
