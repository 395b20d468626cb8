import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage, makeScriptPackage } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk, type Serving } from '../test/desk.ts';
import { fota } from '../test/run.ts';

interface Project {
  readonly name: string;
  readonly key: string;
}

interface Explained {
  readonly answer: string;
  readonly rule: string;
}

interface Published {
  readonly release: { readonly id: number; readonly version: string };
  readonly isNew: boolean;
}

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

const image = makeImage(1, 200_000);

/** Acts as a device of the project. */
function upgrade({ url }: Serving, { key }: Project, version: string, ...more: readonly string[]) {
  const who = ['--id', 'device-1', '--key', key, '--firmware', 'gateway', '--version', version];
  return desk.fota(['upgrade', `${url}/upgrade`, ...who, '-o', 'new.bin', ...more]);
}

describe('the whole story, with a server that runs', () => {
  it('goes from an empty folder to an upgraded device, and back again', async () => {
    const serving = await desk.serve();
    expect(serving.token).toMatch(/^fota_\w{40}$/);

    const made = await desk.fota(['project', 'create', '智能网关']);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const key = /[0-9a-f]{32}/.exec(made.stdout)?.[0] ?? '';
    const project = { name: '智能网关', key };

    await desk.file('app.bin', image);
    const published = await desk.fota(['publish', 'app.bin', '--firmware', 'gateway', '--version', '1.4.0']);
    expect(published.code).toBe(0);
    expect(published.stdout).toMatch(/^release +1$/m);
    expect(published.stderr).toContain('upload  100 %');
    const again = ['publish', 'app.bin', '--firmware', 'gateway', '--version', '1.4.0'];
    expect((await desk.json<Published>(...again)).isNew).toBe(false);

    const first = await upgrade(serving, project, '1.0.0');
    expect(first.code).toBe(0);
    expect((await readFile(join(desk.dir, 'new.bin'))).equals(image)).toBe(true);
    await serving.says(/device-1 {2}智能网关 gateway 1\.0\.0 {2}→ is sent 1\.4\.0/);
    await fetch(`${serving.url}/upgrad?imei=1&project_key=${key}`);
    await serving.says(
      new RegExp(`404 no-such-path from 127.0.0.1: GET /upgrad\\?imei=1&project_key=${key.slice(0, 4)}\\.\\.\\.`),
    );
    const newest = await upgrade(serving, project, '1.4.0');
    expect(newest.code).toBe(4);
    expect(newest.stdout).toContain('reason: newest');

    const log = await desk.fota(['log', '--device', 'device-1']);
    expect(log.stdout).toMatch(/offered .*device-1[\s\S]*sent .*200\.0 kB|offered .*device-1[\s\S]*sent .*0\.2 MB/);
    const devices = await desk.fota(['device', 'list']);
    expect(devices.stdout).toMatch(
      /^device-1 +智能网关 +gateway +1\.4\.0 +(just now|\d+ seconds? ago) +newest +default$/m,
    );

    expect((await desk.fota(['explain', 'device-1'])).stdout).toMatch(/^→ newest .*1\.4\.0[\s\S]*No upgrade: code 27/m);
    const older = await desk.fota(['explain', 'device-1', '--version', '0.9.0']);
    expect(older.stdout).toMatch(/^→ newer-release [\s\S]*Upgrade to 1\.4\.0 \(release 1\)/m);

    expect((await desk.fota(['device', 'block', 'device-1'])).stdout).toMatch(/access +blocked/);
    expect((await upgrade(serving, project, '1.0.0')).stdout).toContain('reason: blocked');
    expect((await desk.json<Explained>('explain', 'device-1')).rule).toBe('blocked');
    expect((await desk.fota(['device', 'reset', 'device-1'])).stdout).toMatch(/access +default/);

    const withdrawn = await desk.fota(['release', 'withdraw', '1', '--yes']);
    expect(withdrawn.stdout).toMatch(/state +withdrawn/);
    expect((await upgrade(serving, project, '1.0.0')).code).toBe(4);
    expect((await desk.json<Explained>('explain', 'device-1', '--version', '1.0.0')).rule).toBe('nothing-published');

    serving.signal('SIGTERM');
    const { code, stdout, stderr } = await serving.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/Stopping: .*\nStopped\.\n$/);
  });

  it('follows the log as it grows, a line of JSON each, until nobody reads', async () => {
    const serving = await desk.serve('--quiet');
    const project = await desk.json<Project>('project', 'create', 'p');
    await desk.file('app.bin', image);
    await desk.json('publish', 'app.bin', '--firmware', 'gateway', '--version', '2');
    const follower = desk.begin('log', '--follow', '--json');
    expect((await upgrade(serving, project, '1')).code).toBe(0);
    await follower.says(/"event":"offered"/);
    const [line] = await follower.says(/^\{.*"event":"sent".*\}$/m);
    expect(JSON.parse(line)).toMatchObject({ deviceId: 'device-1', bytes: 200_000, releaseVersion: '2' });
    follower.signal('SIGINT');
    expect(await follower.ended).toMatchObject({ code: 0, stderr: '' });
    serving.signal('SIGINT');
    expect((await serving.ended).stdout).not.toContain('device-1');
  });

  it('lets in over the network who has a token, and nobody else', async () => {
    const { adminUrl, token } = await desk.serve();
    await desk.json('project', 'create', 'p');
    const at = (secret: string | undefined) =>
      desk.fota(['project', 'list', '--json'], {
        FOTA_SERVER: adminUrl,
        ...(secret === undefined ? {} : { FOTA_TOKEN: secret }),
      });
    expect(JSON.parse((await at(token)).stdout).items).toHaveLength(1);
    const none = await at(undefined);
    expect(none.code).toBe(1);
    expect(JSON.parse(none.stdout).error.code).toBe('token-missing');
    expect(JSON.parse((await at(`${token}x`)).stdout).error.code).toBe('token-invalid');
    const second = await desk.json<{ readonly id: string; readonly token: string }>(
      'token',
      'create',
      'ci',
      '--role',
      'viewer',
    );
    expect((await at(second.token)).code).toBe(0);
    expect((await desk.fota(['token', 'revoke', second.id, '--yes'])).code).toBe(0);
    expect((await at(second.token)).code).toBe(1);
    expect((await desk.fota(['token', 'list'])).stdout).not.toContain('fota_');
  });

  it('offers names to the shell', async () => {
    await desk.serve();
    await desk.json('project', 'create', 'tracker');
    await desk.json('project', 'create', 'trailer');
    const { stdout } = await desk.fota(['__complete', '--', 'project', 'show', 'tr']);
    expect(stdout).toBe('tracker\ntrailer\n');
  });
});

describe('forgetting a device', () => {
  /** A person at a terminal, who answers so. */
  const person = (answer: string, heard: string[] = []) => ({
    cwd: desk.dir,
    ask: async (question: string) => {
      heard.push(question);
      return answer;
    },
  });
  const known = async () => (await desk.json<{ items: unknown[] }>('device', 'list')).items.length;

  it('asks a person, and nobody else', async () => {
    const serving = await desk.serve('--quiet');
    const project = await desk.json<Project>('project', 'create', 'p');
    await desk.file('app.bin', image);
    await desk.json('publish', 'app.bin', '--firmware', 'gateway', '--version', '2');
    expect((await upgrade(serving, project, '1')).code).toBe(0);
    await desk.json('device', 'block', 'device-1');
    for (const list of ['device', 'release']) {
      const { stdout } = await desk.fota([list, 'list', '--firmware', 'other']);
      expect(stdout).toBe('Nothing that fits.\n');
    }
    expect((await desk.fota(['device', 'show', 'device-1'])).stdout).toMatch(
      /^deliveries +1 of one package, whole, since .*; version unchanged$/m,
    );

    for (const more of [[], ['--json']]) {
      const { code, stdout, stderr } = await desk.fota(['device', 'forget', 'device-1', ...more]);
      expect(code).toBe(2);
      expect(stdout + stderr).toContain('Add --yes');
    }
    const heard: string[] = [];
    for (const answer of ['', 'n', 'maybe yes']) {
      expect((await fota(['device', 'forget', 'device-1'], person(answer, heard))).code).toBe(1);
    }
    expect(heard[0]).toBe('Forget device-1 of p (it asked for gateway 1)? [y/N] ');
    expect(await known()).toBe(1);

    const forgotten = await fota(['device', 'forget', 'device-1'], person(' Yes'));
    expect(forgotten).toEqual({ code: 0, stdout: 'device-1 of p is forgotten.\n', stderr: '' });
    expect(await known()).toBe(0);
    expect((await desk.fota(['device', 'forget', 'device-1', '--yes'])).stderr).toContain('code: device-unknown');
    expect((await upgrade(serving, project, '1')).code).toBe(0);
    expect(await desk.json('device', 'forget', 'device-1', '--yes')).toEqual({
      project: 'p',
      id: 'device-1',
      forgotten: true,
    });
  });
});

describe('the same without a server', () => {
  it('works on the data folder itself, and leaves it free', async () => {
    await desk.file('app.bin', image);
    const project = await desk.json<Project>('project', 'create', 'tracker');
    const wanted = ['publish', 'app.bin', '--firmware', 'gateway', '--version', '1.4.0', '--draft'];
    const { release } = await desk.json<Published>(...wanted);
    const question = ['explain', 'device-1', '--firmware', 'gateway', '--version', '1.0.0'];
    expect((await desk.json<Explained>(...question)).rule).toBe('firmware-unknown');
    expect((await desk.fota(['release', 'publish', String(release.id)])).stdout).toMatch(/state +published/);
    expect((await desk.json<Explained>(...question)).answer).toBe('upgrade');
    expect((await desk.json<{ items: unknown[] }>('log')).items).toEqual([]);
    const following = await desk.fota(['log', '--follow']);
    expect(following).toMatchObject({ code: 1, stdout: '' });
    expect(following.stderr).toContain('no server runs on');

    // What was made without a server is what a server serves.
    const serving = await desk.serve();
    expect(serving.token).not.toBe('');
    expect((await upgrade(serving, project, '1.0.0')).code).toBe(0);
    expect((await readFile(join(desk.dir, 'new.bin'))).equals(image)).toBe(true);
  });

  it('lets commands that come at once take turns', async () => {
    await desk.json('project', 'create', 'p');
    const made = await Promise.all(['a', 'b', 'c'].map((name) => desk.fota(['project', 'create', name])));
    expect(made.map(({ code, stderr }) => ({ code, stderr }))).toEqual(made.map(() => ({ code: 0, stderr: '' })));
    expect((await desk.json<{ items: unknown[] }>('project', 'list')).items).toHaveLength(4);
  });
});

describe('what goes wrong is told with a way out', () => {
  it('a second server on the folder', async () => {
    const { url } = await desk.serve();
    const { code, stderr } = await desk.fota(['serve', '--port', '0', '--no-admin']);
    expect(code).toBe(1);
    expect(stderr).toContain(`is in use by the server at ${url} (process `);
    expect(stderr).toContain('code: data-dir-locked');
  });

  it('a package that is corrupt, a page instead of a package, an empty file', async () => {
    await desk.json('project', 'create', 'p');
    const good = Buffer.from(makeScriptPackage());
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(bad.length - 9) ^ 1, bad.length - 9);
    await desk.file('good.bin', good);
    await desk.file('bad.bin', bad);
    await desk.file('page.bin', '<!DOCTYPE html><html><body>404 Not Found</body></html>');
    await desk.file('empty.bin', '');
    const codes: Record<string, string> = {
      bad: 'package-corrupt',
      page: 'package-not-upgrade',
      empty: 'package-empty',
    };
    for (const [name, expected] of Object.entries(codes)) {
      const wanted = ['publish', `${name}.bin`, '--firmware', 'f', '--version', '1', '--json'];
      for (const args of [wanted, ['inspect', `${name}.bin`, '--json']]) {
        const { code, stdout } = await desk.fota(args);
        expect([args[0], name, code, JSON.parse(stdout).error.code]).toEqual([args[0], name, 1, expected]);
      }
    }
    const { code, stdout } = await desk.fota(['inspect', 'good.bin']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^format +ec7xx, script$/m);
    for (const label of ['PROJECT', 'VERSION']) expect(stdout.match(new RegExp(`^${label} `, 'gm'))).toHaveLength(1);
  });

  it('a version that devices could not tell from another', async () => {
    await desk.json('project', 'create', 'p');
    await desk.file('one.bin', makeImage(3, 1_000));
    await desk.file('two.bin', makeImage(4, 1_000));
    const publish = (name: string, version: string) =>
      desk.fota(['publish', name, '--firmware', 'gateway', '--core', 'V2013', '--version', version]);
    expect((await publish('one.bin', '1.0.5')).code).toBe(0);
    const { code, stderr } = await publish('two.bin', '1.1.5');
    expect(code).toBe(1);
    expect(stderr).toContain('Next free: --version 1.1.6');
    expect(stderr).toContain('code: version-taken');
    // The bytes need not go up again.
    const [, upload = ''] = /--resume (\w+)/.exec(stderr) ?? [];
    const args = ['publish', 'two.bin', '--firmware', 'gateway', '--core', 'V2013', '--version', '1.1.6'];
    const resumed = await desk.fota([...args, '--resume', upload]);
    expect(resumed.code).toBe(0);
  });

  it('the side of the devices instead of the admin side', async () => {
    const { url } = await desk.serve();
    const { code, stderr } = await desk.fota(['project', 'list', '--server', url]);
    expect(code).toBe(1);
    expect(stderr).toContain('code: server-unexpected');
  });

  it('a project that was not named where there are several', async () => {
    await desk.json('project', 'create', 'a');
    await desk.json('project', 'create', 'b');
    await desk.file('one.bin', image);
    const { code, stderr } = await desk.fota(['publish', 'one.bin', '--firmware', 'f', '--version', '1']);
    expect(code).toBe(1);
    expect(stderr).toContain('there are several projects: "a", "b"\nName one with --project.');
  });
});
