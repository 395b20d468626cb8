import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type AuditDraft,
  type AuditHead,
  type AuditRecord,
  entryIn,
  NO_ENTRY,
  sealed,
} from '../../src/domain/audit.ts';
import type { AuditFilter, AuditStore } from '../../src/ports/audit.ts';
import { pagedThrough } from './samples.ts';

/** A store, and the same opened again as after a restart. */
export interface AuditUnderTest {
  readonly store: AuditStore;
  reopened(): Promise<AuditStore>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const NO_FILTER: AuditFilter = { project: undefined, action: undefined, by: undefined };

function chained(drafts: readonly Partial<AuditDraft>[], after: AuditHead = NO_ENTRY): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (const draft of drafts) {
    records.push(sealed({ kind: 'begun', at: 'then', ...draft }, records.at(-1) ?? after, sha256));
  }
  return records;
}

/** What every `AuditStore` owes to the use cases. */
export function testAuditStore(make: () => Promise<AuditUnderTest>): void {
  it('gives records back as they were added, in order, and knows its end after a restart', async () => {
    const { store, reopened } = await make();
    expect(await store.head()).toEqual(NO_ENTRY);
    const records = chained([
      { name: '固 "x" \u0000\ud800', details: { a: [1, 'b', true] } },
      { kind: 'ended', of: 1 },
      {},
    ]);
    await store.append(records.slice(0, 2));
    await store.append(records.slice(2));
    for (const one of [store, await reopened()]) {
      const { id, hash } = await one.head();
      expect({ id, hash }).toEqual({ id: 3, hash: records[2]?.hash });
      expect(await one.records(0, 10)).toEqual(records);
      expect(await one.records(0, 2)).toEqual(records.slice(0, 2));
      expect(await one.records(2, 10)).toEqual(records.slice(2));
      expect(await one.records(3, 10)).toEqual([]);
    }
  });

  it('lists what was begun with its end, and refusals, the newest first', async () => {
    const { store } = await make();
    const records = chained([
      { action: 'a.b' },
      { action: 'c.d' },
      { kind: 'ended', of: 2, code: 'ok' },
      { kind: 'refused', code: 'forbidden' },
    ]);
    await store.append(records);
    const { items } = await store.list(NO_FILTER, { limit: 10, cursor: undefined });
    expect(items.map(({ entry, ended }) => [entry.id, ended?.code])).toEqual([
      [4, undefined],
      [2, 'ok'],
      [1, undefined],
    ]);
  });

  it('put together, the pages are all entries that fit', async () => {
    const maybe = (...words: string[]): fc.Arbitrary<string | undefined> => fc.constantFrom(undefined, ...words);
    const drafts = fc.array(
      fc.record({
        kind: fc.constantFrom('begun' as const, 'refused' as const),
        project: maybe('p', 'q'),
        action: maybe('a.b', 'c.d'),
        by: maybe('token:1', 'user:1'),
        name: maybe('ci', 'token'),
      }),
      { maxLength: 30 },
    );
    const filters = fc.record({
      project: maybe('p', 'r'),
      action: maybe('a.b'),
      by: maybe('token:1', 'ci', 'token', 'user:2'),
    });
    await fc.assert(
      fc.asyncProperty(drafts, filters, fc.integer({ min: 1, max: 7 }), async (all, filter, limit) => {
        const { store } = await make();
        await store.append(chained(all));
        const more = async (): Promise<void> => store.append(chained([{ action: 'new' }], await store.head()));
        const seen = await pagedThrough((page) => store.list(filter, page), limit, more);
        const fitting = chained(all)
          .map(entryIn)
          .filter(
            (entry) =>
              (filter.project ?? entry.project) === entry.project &&
              (filter.action ?? entry.action) === entry.action &&
              (filter.by === undefined || [entry.by, entry.name].includes(filter.by)),
          );
        expect(seen.map(({ entry }) => entry)).toEqual(fitting.reverse());
      }),
      { numRuns: 30 },
    );
  });

  it.each(['', 'x', '-1', '1.5'])('refuses the cursor %j', async (cursor) => {
    const { store } = await make();
    await expect(store.list(NO_FILTER, { limit: 5, cursor })).rejects.toMatchObject({ code: 'cursor-invalid' });
  });
}
