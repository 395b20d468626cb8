import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type FakeTime, fakeTime, MINUTE } from '../../test/suites/world.ts';
import { memoryAudit } from '../adapters/memory/audit.ts';
import { type AuditEntry, entryIn, faultOf, NO_ENTRY } from '../domain/audit.ts';
import { FotaServerError } from '../domain/errors.ts';
import { LOCAL, type Principal } from '../domain/principal.ts';
import type { AuditStore } from '../ports/audit.ts';
import { type Audit, openAudit } from './audit.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const CI: Principal = { kind: 'token', id: 'a1', name: 'ci', role: 'viewer', projects: 'all' };
const CREATE = { principal: LOCAL, action: 'project.create', project: 'p' };

interface World {
  readonly audit: Audit;
  readonly time: FakeTime;
  readonly problems: readonly unknown[];
  /** Groups that were written. */
  readonly groups: readonly number[];
  setFull(is: boolean): void;
  /** All entries; the chain is checked. */
  entries(): Promise<readonly AuditEntry[]>;
  restarted(): Promise<Audit>;
}

async function made(): Promise<World> {
  const time = fakeTime();
  const memory = memoryAudit();
  const problems: unknown[] = [];
  const groups: number[] = [];
  let isFull = false;
  const store: AuditStore = {
    ...memory,
    async append(records) {
      if (isFull) throw new FotaServerError('disk-full', 'no room');
      groups.push(records.length);
      await memory.append(records);
    },
  };
  const opened = (): Promise<Audit> =>
    openAudit({ store, now: time.now, later: time.later, sha256, onProblem: (problem) => problems.push(problem) });
  return {
    audit: await opened(),
    time,
    problems,
    groups,
    setFull: (is) => {
      isFull = is;
    },
    async entries() {
      const records = await memory.records(0, 10_000);
      for (const [at, record] of records.entries()) {
        expect(faultOf(record, records[at - 1] ?? NO_ENTRY, sha256)).toBeUndefined();
      }
      return records.map(entryIn);
    },
    restarted: opened,
  };
}

describe('the audit log', () => {
  it('tells who began what, and how it ended, and goes on after a restart', async () => {
    const { audit, entries, restarted } = await made();
    const id = await audit.begin({ ...CREATE, target: 'x', details: { a: 1 }, from: '127.0.0.1', request: 'r1' });
    await audit.end(id, 'ok', '7');
    const other = await (await restarted()).begin({ ...CREATE, principal: CI });
    expect(await entries()).toMatchObject([
      {
        ...{ id: 1, kind: 'begun', by: 'local:local', name: 'local', role: 'admin', from: '127.0.0.1', request: 'r1' },
        ...{ action: 'project.create', project: 'p', target: 'x', details: { a: 1 } },
        at: '2026-11-23T00:00:00.000Z',
      },
      { id: 2, kind: 'ended', of: 1, code: 'ok', made: '7' },
      { id: other, kind: 'begun', by: 'token:a1', role: 'viewer' },
    ]);
  });

  it('writes as one group what comes while another is written, in the order of its coming', async () => {
    const { audit, groups, entries } = await made();
    const ids = await Promise.all(Array.from({ length: 50 }, (_, n) => audit.begin({ ...CREATE, target: `${n}` })));
    expect(ids).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect((await entries()).map(({ target }) => target)).toEqual(ids.map((id) => `${id - 1}`));
    expect(groups).toEqual([50]);
  });

  it('fails those whose entry cannot be written, and goes on where it stood', async () => {
    const { audit, setFull, entries } = await made();
    await audit.begin(CREATE);
    setFull(true);
    await expect(audit.begin(CREATE)).rejects.toMatchObject({ code: 'disk-full' });
    await expect(audit.end(1, 'ok')).rejects.toMatchObject({ code: 'disk-full' });
    setFull(false);
    expect(await audit.begin(CREATE)).toBe(2);
    expect(await entries()).toHaveLength(2);
  });
});

describe('refusals', () => {
  const missing = { principal: undefined, action: 'GET /status' };

  it('of a kind are one entry at once and one a minute, however many they are', async () => {
    const { audit, time, entries } = await made();
    for (let n = 0; n < 10_000; n += 1)
      audit.refused({ ...missing, action: `GET /${n}`, from: '10.0.0.1' }, 'token-missing');
    audit.refused(missing, 'token-invalid');
    await time.pass(0);
    expect(await entries()).toHaveLength(2);
    await time.pass(MINUTE);
    expect(await entries()).toMatchObject([
      { kind: 'refused', code: 'token-missing', from: '10.0.0.1' },
      { code: 'token-invalid' },
      { code: 'token-missing', count: 9_999, at: '2026-11-23T00:01:00.000Z' },
    ]);
    audit.refused(missing, 'token-missing');
    await time.pass(MINUTE);
    expect(await entries()).toHaveLength(4);
    await time.pass(10 * MINUTE);
    audit.refused(missing, 'token-missing');
    await time.pass(0);
    expect((await entries()).at(-1)?.count).toBeUndefined();
    expect(await entries()).toHaveLength(5);
  });

  it('are told apart by who, what and why, up to a thousand kinds', async () => {
    const { audit, time, entries } = await made();
    audit.refused({ principal: CI, action: 'a.b' }, 'forbidden');
    audit.refused({ principal: CI, action: 'c.d' }, 'forbidden');
    audit.refused({ principal: { ...CI, id: 'b' }, action: 'c.d' }, 'forbidden');
    await time.pass(0);
    expect((await entries()).map(({ by, action }) => `${by} ${action}`)).toEqual([
      'token:a1 a.b',
      'token:a1 c.d',
      'token:b c.d',
    ]);
    for (let n = 0; n < 5_000; n += 1) audit.refused({ principal: { ...CI, id: `${n}` }, action: 'a.b' }, 'forbidden');
    await time.pass(2 * MINUTE);
    const all = await entries();
    expect(all).toHaveLength(1_000 + 2);
    expect(all.at(-1)).toMatchObject({ kind: 'refused', code: 'others', count: 5_000 - 997 - 1 });
  });

  it('that cannot be written are told later, none is forgotten, and a closing server writes them', async () => {
    const { audit, time, entries, setFull, problems } = await made();
    setFull(true);
    for (let n = 0; n < 3; n += 1) audit.refused(missing, 'token-missing');
    await time.pass(3 * MINUTE);
    expect(problems.length).toBeGreaterThan(1);
    setFull(false);
    await audit.flush();
    expect(await entries()).toMatchObject([{ code: 'token-missing', count: 3 }]);
  });
});
