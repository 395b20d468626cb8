import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bin, type Desk, makeDesk, serve, startUplink } from './support/cli.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

/** The stories of packages/cli/src/story.test.ts run in one process; here is what only processes show. */
describe('fota as a program', () => {
  it('serves, publishes, upgrades a device, and ends at a signal', { timeout: 60_000 }, async () => {
    const { program, url } = await serve(desk);
    const { key } = await desk.json<{ key: string }>('project', 'create', 'tracker');
    const image = makeImage(1, 200_000);
    await writeFile(join(desk.dir, 'app.bin'), image);
    const published = await desk.fota(['publish', 'app.bin', '--firmware', 'gateway', '--version', '1.4.0']);
    expect(published.code).toBe(0);
    expect(published.stderr).toMatch(/^upload {2}100 % /m);
    const question = ['--id', 'device-1', '--key', key, '--firmware', 'gateway', '--version', '1.0.0'];
    const first = await desk.fota(['upgrade', `${url}/upgrade`, ...question]);
    expect(first.code).toBe(0);
    expect((await readFile(join(desk.dir, 'update.bin'))).equals(image)).toBe(true);
    await program.says(/device-1 {2}tracker gateway 1\.0\.0 {2}→ is sent 1\.4\.0/);
    expect((await desk.fota(['upgrade', `${url}/upgrade`, ...question])).code).toBe(4);
    process.kill(program.pid, 'SIGTERM');
    expect(await program.ended).toBe(0);
    expect(program.output()).toMatch(/Stopping: .*\nStopped\.\n$/);
  });

  it('ends at once at a second Ctrl-C', { timeout: 60_000 }, async () => {
    const { program, url } = await serve(desk, '--grace', '600', '--idle-timeout', '600');
    // A client that asks and never reads to the end keeps the server waiting.
    const { key } = await desk.json<{ key: string }>('project', 'create', 'p');
    await writeFile(join(desk.dir, 'large.bin'), makeImage(2, 30_000_000));
    await desk.json('publish', 'large.bin', '--firmware', 'f', '--version', '2');
    const aborted = new AbortController();
    const query = `imei=d&project_key=${key}&firmware_name=f&version=1`;
    const { status } = await fetch(`${url}/upgrade?${query}`, { signal: aborted.signal });
    expect(status).toBe(200);
    process.kill(program.pid, 'SIGINT');
    await program.says(/Stopping/);
    // Within half a second it would be the first one, handed on by npm or a shell.
    await new Promise((resolve) => setTimeout(resolve, 600));
    process.kill(program.pid, 'SIGINT');
    // By the signal itself: no exit code.
    expect(await program.ended).toBe(null);
    aborted.abort();
  });

  it('ends quietly when its reader leaves', { timeout: 60_000 }, async () => {
    await desk.json('project', 'create', 'p');
    const { code, stderr } = await desk.shell('fota project list --limit all | head -c 1; fota --help | head -1');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('goes on after a server that was killed, and left its traces', { timeout: 60_000 }, async () => {
    const { program } = await serve(desk);
    process.kill(program.pid, 'SIGKILL');
    await program.ended;
    expect((await desk.fota(['project', 'list'])).stdout).toContain('No project yet');
  });

  it('says what to do where it is not built', async () => {
    const { dir } = desk;
    await mkdir(join(dir, 'bin'));
    await copyFile(bin, join(dir, 'bin/fota.mjs'));
    const { code, stderr } = await desk.shell(`"${process.execPath}" bin/fota.mjs serve`);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'error: fota is not built yet\nRun in its clone: npm run build\n',
    });
  });

  it('says who holds the folder', { timeout: 60_000 }, async () => {
    const { url, program } = await serve(desk);
    const { code, stderr } = await desk.fota(['serve', '--port', '0', '--no-admin']);
    expect(code).toBe(1);
    expect(stderr).toContain(`is in use by the server at ${url} (process ${program.pid})`);
    expect(stderr).toContain('code: data-dir-locked');
  });
});

describe('an upload', () => {
  it('survives connections that break and a server that is killed', { timeout: 120_000 }, async () => {
    const first = await serve(desk);
    await desk.json('project', 'create', 'p');
    const large = makeImage(2, 12_000_000);
    await writeFile(join(desk.dir, 'large.bin'), large);
    const { port } = new URL(first.adminUrl);
    let program = first.program;
    // The second connection that breaks takes the server with it, which is started again on the same port.
    const uplink = await startUplink(
      Number(port),
      (connection) => (connection < 3 ? 5_000_000 : Number.POSITIVE_INFINITY),
      async (connection) => {
        if (connection !== 2) return;
        process.kill(program.pid, 'SIGKILL');
        await program.ended;
        program = desk.start('serve', '--port', '0', '--admin-port', port);
        await program.says(/Ctrl-C ends the server/);
      },
    );
    const wanted = ['publish', 'large.bin', '--firmware', 'gateway', '--version', '1'];
    const { code, stdout, stderr } = await desk.fota([...wanted, '--json'], {
      FOTA_SERVER: `http://127.0.0.1:${uplink.port}`,
      FOTA_TOKEN: first.token,
    });
    await uplink.close();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout).release.packages[0].size).toBe(large.length);
    const [kept] = (await desk.json<{ items: { packages: { sha256: string }[] }[] }>('release', 'list')).items;
    const stored = await readFile(join(desk.dir, 'fota-data', 'packages', kept?.packages[0]?.sha256 ?? ''));
    expect(stored.equals(large)).toBe(true);
    expect(uplink.connections()).toBeGreaterThan(2);
  });

  it('that is interrupted goes on when it is told to', { timeout: 60_000 }, async () => {
    const { adminUrl, token } = await serve(desk);
    await desk.json('project', 'create', 'p');
    await writeFile(join(desk.dir, 'large.bin'), makeImage(3, 12_000_000));
    // After the first connection none carries anything.
    const uplink = await startUplink(Number(new URL(adminUrl).port), (connection) =>
      connection === 1 ? 6_000_000 : 0,
    );
    const wanted = ['publish', 'large.bin', '--firmware', 'gateway', '--version', '1'];
    const there = ['--server', `http://127.0.0.1:${uplink.port}`, '--token', token];
    const publish = desk.start(...wanted, ...there);
    await publish.says(/trying again/);
    process.kill(publish.pid, 'SIGINT');
    expect(await publish.ended).toBe(130);
    await uplink.close();
    const [, id = ''] = /--resume (\w+)/.exec(publish.output()) ?? [];
    const { code, stderr } = await desk.fota([...wanted, '--resume', id]);
    expect({ code, begins: /\d+ %/.exec(stderr)?.[0] }).toEqual({
      code: 0,
      // Which of the command's connections was the first to carry anything is not told: but what came was kept.
      begins: expect.stringMatching(/^[1-9]\d %$/),
    });
  });
});
