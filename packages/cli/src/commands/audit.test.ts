import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { fota } from '../../test/run.ts';

interface Verified {
  readonly entries: number;
  readonly first: number;
  readonly head: { readonly id: number; readonly hash: string };
}

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

/** The lines of an export, after two changes: four entries. */
async function exported(): Promise<readonly string[]> {
  await desk.json('project', 'create', 'p');
  await desk.json('project', 'set', 'p', '--registration', 'closed');
  const { stdout } = await desk.fota(['audit', 'export']);
  return stdout.trimEnd().split('\n');
}

describe('fota audit', () => {
  it('lists who did what to what, and how it ended', async () => {
    await exported();
    await desk.fota(['project', 'create', 'p']);
    const { stdout } = await desk.fota(['audit', 'list']);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/ {2}local \(admin\) {2}project\.create {2}p$/),
      expect.stringMatching(/ {2}local \(admin\) {2}project\.set {2}p {2}registration=closed$/),
      expect.stringMatching(/ {2}project\.create {2}p {2}failed: project-exists$/),
      '',
    ]);
    const some = await desk.json<{ items: unknown[]; more: boolean }>('audit', 'list', '--action', 'project.set');
    expect(some).toMatchObject({ items: [{ action: 'project.set', code: 'ok' }], more: false });
  });

  it('verifies the log, and an export of it, and knows its head again', async () => {
    const lines = await exported();
    const verified = await desk.json<Verified>('audit', 'verify');
    expect(verified).toMatchObject({ entries: 4, first: 1, head: { id: 4, hash: JSON.parse(lines[3] ?? '').hash } });
    await desk.file('audit.jsonl', `${lines.join('\n')}\n`);
    expect(await desk.json('audit', 'verify', 'audit.jsonl')).toEqual(verified);
    await desk.json('project', 'create', 'q');
    for (const { id, hash } of [verified.head, { id: 1, hash: JSON.parse(lines[0] ?? '').hash as string }]) {
      expect((await desk.fota(['audit', 'verify', '--head', hash])).code, `${id}`).toBe(0);
    }
    expect((await desk.fota(['audit', 'verify'])).stdout).toMatch(/^6 entries, 1 to 6: none was changed/);
  });

  it('verifies a part that goes on where another ended', async () => {
    const lines = await exported();
    const { hash } = JSON.parse(lines[1] ?? '') as { readonly hash: string };
    const rest = await desk.fota(['audit', 'export', '--after', '2']);
    expect(rest.stdout.trimEnd().split('\n')).toEqual(lines.slice(2));
    await desk.file('rest.jsonl', rest.stdout);
    expect(await desk.json('audit', 'verify', 'rest.jsonl', '--head', hash)).toMatchObject({ entries: 2, first: 3 });
    const stdin = async function* () {
      yield Buffer.from(rest.stdout.slice(0, 40));
      yield Buffer.from(rest.stdout.slice(40));
    };
    expect((await fota(['audit', 'verify', '-'], { cwd: desk.dir, stdin })).code).toBe(0);
  });

  it.each<readonly [string, (lines: readonly string[]) => readonly string[], string]>([
    ['changed', (lines) => lines.with(1, (lines[1] ?? '').replace('"ok"', '"no"')), 'entry 2 was changed'],
    ['removed', (lines) => lines.toSpliced(1, 1), 'entry 2 is missing'],
    ['swapped', (lines) => [lines[0], lines[2], lines[1], lines[3]].map(String), 'entry 2 is missing'],
    ['put in', (lines) => lines.toSpliced(3, 0, lines[0] ?? ''), 'entry 4 is missing'],
    ['no entry', (lines) => lines.with(2, 'hello'), 'line 3 of audit.jsonl is no entry'],
  ])('finds what was %s, with exit code 1', async (_what, tampered, message) => {
    await desk.file('audit.jsonl', tampered(await exported()).join('\n'));
    const ran = await desk.fota(['audit', 'verify', 'audit.jsonl']);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(ran.stderr).toContain('code: audit-broken');
  });

  it('finds by a remembered head that the end was cut off, which the chain alone cannot show', async () => {
    const lines = await exported();
    const { hash } = JSON.parse(lines[3] ?? '') as { readonly hash: string };
    await desk.file('audit.jsonl', lines.slice(0, 2).join('\n'));
    expect((await desk.fota(['audit', 'verify', 'audit.jsonl'])).code).toBe(0);
    const ran = await desk.fota(['audit', 'verify', 'audit.jsonl', '--head', hash]);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('code: audit-head-missing') });
    expect((await desk.fota(['audit', 'verify', '--head', 'abc'])).code).toBe(2);
    expect(await desk.fota(['audit', 'verify', 'nowhere'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('file-unreadable'),
    });
  });

  it('an empty log is whole', async () => {
    await desk.serve();
    expect(await desk.json('audit', 'verify')).toEqual({ entries: 0, first: 1, head: { id: 0, hash: '0'.repeat(64) } });
    expect((await desk.fota(['audit', 'list'])).stdout).toBe('Nobody has changed anything yet.\n');
    expect(await readFile(join(desk.dir, 'fota-data/server.json'), 'utf8')).toBeTruthy();
  });
});
