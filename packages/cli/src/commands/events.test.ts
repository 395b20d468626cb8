import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

async function block(...ids: readonly string[]): Promise<void> {
  for (const id of ids) expect((await desk.fota(['device', 'block', id])).code).toBe(0);
}

describe('fota events', () => {
  it('shows what happened, the newest last, also where no server runs', async () => {
    await desk.fota(['project', 'create', 'tracker']);
    expect((await desk.fota(['events'])).stdout).toBe('Nothing has happened yet.\n');
    await block('861', '862');
    expect((await desk.fota(['events'])).stdout).toMatch(
      /^2[\d-]+ [\d:]+ {2}device\.access {8}tracker {2}861 blocked\n.* tracker {2}862 blocked\n$/,
    );
    const { items, more } = await desk.json<{ items: unknown[]; more: boolean }>('events', '--limit', '1');
    expect([items, more]).toMatchObject([[{ id: 2, type: 'device.access', data: { device: '862' } }], true]);
    expect((await desk.fota(['events', '--type', 'rollout', 'problem'])).stdout).toBe('Nothing that fits.\n');
    const wrong = await desk.fota(['events', '--type', 'rumour']);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('"type.0" in the query must be one of')]);
  });

  it('follows through a restart of the server, and tells each once', async () => {
    const first = await desk.serve();
    await desk.fota(['project', 'create', 'tracker']);
    await block('861');
    const follower = desk.begin('events', '--follow', '--json');
    await follower.says(/"device":"861"/);
    await block('862');
    await follower.says(/"device":"862"/);
    first.signal('SIGTERM');
    await first.ended;
    await follower.complains(/(cannot be reached: .*|is closing); waiting for it …/);
    await desk.serve();
    await block('863');
    await follower.says(/"device":"863"/);
    await follower.complains(/… and it is back\./);
    follower.signal('SIGINT');
    const { code, stdout } = await follower.ended;
    const ids = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).id);
    expect([code, ids]).toEqual([0, [1, 2, 3]]);
  });
});
