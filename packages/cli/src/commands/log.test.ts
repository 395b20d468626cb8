import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk, type Serving } from '../../test/desk.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

/** Asks with a key that nobody knows. */
function stranger({ url }: Serving, version: string) {
  const who = ['--id', 'device-1', '--key', 'x'.repeat(32), '--firmware', 'gateway', '--version', version];
  return desk.fota(['upgrade', `${url}/upgrade`, ...who]);
}

describe('fota log', () => {
  it('tells a follower that the server is gone, and when it is back, with --json on stderr', async () => {
    const first = await desk.serve();
    const follower = desk.begin('log', '--follow', '--json');
    expect((await stranger(first, '1')).code).toBe(4);
    await follower.says(/"event":"refused"/);
    first.signal('SIGTERM');
    await first.ended;
    await follower.complains(/cannot be reached: .*; waiting for it …/);
    await desk.serve();
    await follower.complains(/… and it is back\./);
    follower.signal('SIGINT');
    expect(await follower.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(\{.*\}\n)+$/) });
  });

  it('shows in the log how often strangers were refused', async () => {
    const serving = await desk.serve('--quiet');
    for (const version of ['1', '2', '3']) expect((await stranger(serving, version)).code).toBe(4);
    // The rest of the minute is noted at the latest when the server ends.
    serving.signal('SIGTERM');
    await serving.ended;
    const { stdout } = await desk.fota(['log']);
    expect(stdout).toMatch(/^.* refused .*→ 25 project-unknown\n.*→ 25 project-unknown: 2 more within a minute$/m);
  });
});
