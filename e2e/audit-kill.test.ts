import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Desk, makeDesk } from './support/cli.ts';
import { proof } from './support/proof.ts';

const prove = process.env['PROVE'] !== undefined;
const KILLS = prove ? 50 : 2;
/** Changes under way at a time. */
const AT_ONCE = 8;

interface Change {
  readonly name: string;
  readonly isAcknowledged: boolean;
}

interface Entry {
  readonly target?: string;
  readonly code?: string;
}

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

/** Makes a project. Resolves to whether that was acknowledged. */
async function create(name: string): Promise<boolean> {
  const body = JSON.stringify({ name });
  const socketPath = join(desk.dir, 'fota-data', 'admin.sock');
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const asking = request({ socketPath, method: 'POST', path: '/api/v1/projects', headers, agent: false });
  asking.end(body);
  try {
    const [answer] = await once(asking, 'response');
    answer.resume();
    return answer.statusCode === 201;
  } catch {
    return false;
  }
}

/** Changes something until the server is killed, `afterMs` after it can be. */
async function changedUntilKilled(round: number, afterMs: number): Promise<readonly Change[]> {
  const server = desk.start('serve', '--port', '0', '--admin-port', '0');
  await server.says(/Ctrl-C ends the server/);
  // The admin side is loaded at the first request.
  await create(`p ${round}`);
  const changes: Change[] = [];
  let isOver = false;
  const work = async (worker: number): Promise<void> => {
    for (let n = 0; !isOver; n += 1) {
      const name = `p ${round} ${worker} ${n}`;
      const isAcknowledged = await create(name);
      changes.push({ name, isAcknowledged });
      if (!isAcknowledged) return;
    }
  };
  const working = Promise.all(Array.from({ length: AT_ONCE }, (_, worker) => work(worker)));
  await pass(afterMs);
  process.kill(server.pid, 'SIGKILL');
  isOver = true;
  await server.ended;
  await working;
  return changes;
}

it('no change is without its entry, wherever a server is killed, and the chain goes on behind it', async () => {
  const changes: Change[] = [];
  let entries = 0;
  for (let round = 0; round < KILLS; round += 1) {
    changes.push(...(await changedUntilKilled(round, 50 + Math.random() * 400)));
    const verified = await desk.json<{ readonly entries: number }>('audit', 'verify');
    expect(verified.entries).toBeGreaterThan(entries);
    entries = verified.entries;
  }
  const acknowledged = changes.filter(({ isAcknowledged }) => isAcknowledged);
  expect(acknowledged.length).toBeGreaterThan(KILLS);
  const { items } = await desk.json<{ readonly items: readonly Entry[] }>('audit', 'list', '--limit', 'all');
  const byTarget = new Map(items.map((entry) => [entry.target, entry]));
  const projects = await desk.json<{ readonly items: readonly { readonly name: string }[] }>('project', 'list');
  for (const { name } of projects.items) expect(byTarget.has(name), name).toBe(true);
  // What was acknowledged had ended, and its end was written before.
  for (const { name } of acknowledged) expect(byTarget.get(name)?.code, name).toBe('ok');
  const open = items.filter(({ code }) => code === undefined).length;
  expect(open).toBeLessThanOrEqual(KILLS * AT_ONCE);
  if (prove) {
    proof(
      `Audit log: ${KILLS} times SIGKILL under ${AT_ONCE} changes at a time: ${acknowledged.length} acknowledged, each with entry and end; ${open} entries without an end; chain of ${entries} whole.`,
    );
  }
}, 600_000);
