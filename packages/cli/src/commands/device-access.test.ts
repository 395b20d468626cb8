import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { fota } from '../../test/run.ts';

interface Changed {
  readonly items: ReadonlyArray<{ readonly id: string; readonly project: string; readonly access: string }>;
  readonly failed: ReadonlyArray<{ readonly id: string; readonly error: { readonly code: string } }>;
}

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
  await desk.json('project', 'create', 'p');
});
afterEach(() => desk.clear());

const ids = Array.from({ length: 300 }, (_, i) => `86${String(i).padStart(13, '0')}`);

describe('a word on many devices', () => {
  it('is taken from a list and from the command line, each device once', async () => {
    await desk.serve();
    await desk.file('ids.txt', `\ufeff${ids.join('\r\n')}\n\n  ${ids[0]}\n`);
    const told = await desk.fota(['device', 'allow', 'extra', ids[1] ?? '', '--from', 'ids.txt']);
    expect(told).toMatchObject({ code: 0, stdout: '301 devices allowed.\n' });
    expect(told.stderr).toMatch(/^devices {2}25 % {2}\d+ of 301$/m);
    const list = ['device', 'list', '--access', 'allowed', '--limit', 'all'];
    const { items } = await desk.json<Changed>(...list);
    expect(new Set(items.map(({ id }) => id))).toEqual(new Set(['extra', ...ids]));
    expect((await desk.fota(['device', 'reset', '--from', 'ids.txt', '--yes'])).stdout).toBe(
      '300 devices without a word on them.\n',
    );
    expect((await desk.json<Changed>(...list)).items.map(({ id }) => id)).toEqual(['extra']);
  });

  it('comes through a pipe, too', async () => {
    async function* stdin() {
      yield Buffer.from('one\ntw');
      yield Buffer.from('o\n');
    }
    const { stdout } = await fota(['device', 'block', '--from', '-', '--yes', '--json'], { cwd: desk.dir, stdin });
    const { items, failed } = JSON.parse(stdout) as Changed;
    expect(items.map(({ id, access }) => `${id} ${access}`).toSorted()).toEqual(['one blocked', 'two blocked']);
    expect(failed).toEqual([]);
  });

  it('is given to all that it can be given to; the others are told, and make the exit code 1', async () => {
    const args = ['device', 'allow', 'good', 'x'.repeat(129), 'x'.repeat(300)];
    const { code, stdout } = await desk.fota([...args, '--json']);
    expect(code).toBe(1);
    const { items, failed } = JSON.parse(stdout) as Changed;
    expect(items.map(({ id }) => id)).toEqual(['good']);
    expect(failed.map(({ error }) => error.code).toSorted()).toEqual(['id-invalid', 'request-invalid']);
    const told = await desk.fota(args);
    expect(told.stdout).toMatch(/^failed {2}x{129} {2}/m);
    expect(told.stdout).toMatch(/^1 device allowed, 2 failed\.$/m);
  });

  it('goes to the project that knows each, and to none where several do', async () => {
    await desk.json('project', 'create', 'q');
    await desk.json('device', 'allow', 'mine', '--project', 'p');
    await desk.json('device', 'allow', 'both', '--project', 'p');
    await desk.json('device', 'allow', 'both', '--project', 'q');
    const { stdout } = await desk.fota(['device', 'block', 'mine', 'both', '--yes', '--json']);
    const { items, failed } = JSON.parse(stdout) as Changed;
    expect(items).toMatchObject([{ id: 'mine', project: 'p', access: 'blocked' }]);
    expect(failed).toMatchObject([{ id: 'both', error: { code: 'project-needed' } }]);
  });

  it('stops where it concerns all of them', async () => {
    const { code, stderr } = await desk.fota(['device', 'allow', 'a', 'b', '--project', 'nope']);
    expect(code).toBe(1);
    expect(stderr).toContain('0 of 2 devices done; the same command again does the rest.');
    expect(stderr).toContain('code: project-unknown');
  });

  it('needs somebody whom it is about, and a list that can be read', async () => {
    expect(await desk.fota(['device', 'allow'])).toMatchObject({ code: 2 });
    expect((await desk.fota(['device', 'allow', '--from', 'gone.txt'])).stderr).toContain('code: file-unreadable');
  });
});

it('a device that asked once has asked 1 time', async () => {
  const { url } = await desk.serve();
  const [project] = (await desk.json<{ items: Array<{ key: string }> }>('project', 'list')).items;
  await desk.file('app.bin', 'an image');
  await desk.json('publish', 'app.bin', '--firmware', 'f', '--version', '1');
  await fetch(`${url}/upgrade?imei=d&project_key=${project?.key}&firmware_name=f&version=1`);
  expect((await desk.fota(['device', 'show', 'd'])).stdout).toMatch(/^last seen .*, asked 1 time$/m);
});
