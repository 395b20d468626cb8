import { makeImage } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk, type Serving } from '../../test/desk.ts';
import { begin, fota } from '../../test/run.ts';

interface Rollout {
  readonly id: number;
  readonly state: string;
  readonly wave: number;
  readonly target: object;
  readonly waves: ReadonlyArray<{ readonly percent?: number; readonly ids?: readonly string[] }>;
}

let desk: Desk;
let key: string;
beforeEach(async () => {
  desk = await makeDesk();
  key = (await desk.json<{ readonly key: string }>('project', 'create', 'tracker')).key;
});
afterEach(() => desk.clear());

/** Publishes another image; gives the number of the release. */
async function publish(version: string, ...more: readonly string[]): Promise<number> {
  await desk.file('app.bin', makeImage(Number(version.split('.')[1]), 2_000));
  const args = ['publish', 'app.bin', '--firmware', 'gateway', '--version', version, ...more];
  return (await desk.json<{ readonly release: { readonly id: number } }>(...args)).release.id;
}

/** A device asks, and takes what it is sent. */
async function asks({ url }: Serving, id: string, version: string): Promise<number> {
  const answer = await fetch(`${url}/upgrade?imei=${id}&project_key=${key}&firmware_name=gateway&version=${version}`);
  await answer.arrayBuffer();
  return answer.status;
}

/** Somebody at a terminal, who answers so. */
function person(answer: string, heard: string[] = []) {
  return {
    cwd: desk.dir,
    ask: async (question: string) => {
      heard.push(question);
      return answer;
    },
  };
}

describe('fota rollout', () => {
  it('goes from a draft to a fleet, and says what it does and what comes next', async () => {
    const serving = await desk.serve('--quiet');
    const release = await publish('1.1.0', '--draft');
    await desk.file('lab.txt', 'lab-1\nlab-2\n');
    const made = await desk.fota(['rollout', 'create', String(release), '--waves', '@lab.txt,100%', '--soak', '0s']);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(/^Rollout 1 brings 1\.1\.0 of gateway \(release 1\) to devices\.$/m);
    expect(made.stdout).toMatch(/^It is for all devices, in 2 waves: 2 devices, then 100 %\.$/m);
    expect(made.stdout).toMatch(/^Wave 2 opens once a first device of this wave has confirmed/m);
    await serving.says(/rollout 1 of gateway started, wave 1$/m);

    expect(await asks(serving, 'lab-1', '1.0.0')).toBe(200);
    expect(await asks(serving, 'other', '1.0.0')).toBe(404);
    const explained = await desk.fota(['explain', 'other']);
    expect(explained.stdout).toMatch(/^1 +1\.1\.0 +1 +2 +later-wave$/m);
    expect((await desk.fota(['rollout', 'show', '1'])).stdout).toMatch(/^wave 1 +2 devices {2}░{32} {2}1 under way$/m);
    await asks(serving, 'lab-1', '1.1.0');
    await serving.says(/rollout 1 of gateway advanced, wave 2$/m);
    expect(await asks(serving, 'other', '1.0.0')).toBe(200);
    const shown = await desk.fota(['rollout', 'show', '1']);
    expect(shown.stdout).toMatch(/^in all +█{16}░{16} {2}1 confirmed, 1 under way$/m);
    expect((await desk.fota(['rollout', 'list'])).stdout).toMatch(
      /^1 +tracker +gateway +1\.1\.0 +running +2 of 2 +1 +1 +0 /m,
    );
    // A client may have its last byte before the server knows that it has.
    const attempts = async () => (await desk.fota(['rollout', 'attempts', '1', '--standing', 'under-way'])).stdout;
    await expect.poll(attempts, { timeout: 20_000 }).toMatch(/^other +2 +1\.0\.0 +downloaded +0 /m);
    expect((await desk.fota(['rollout', 'attempts', '1', '--standing', 'failed'])).stdout).toBe('Nothing that fits.\n');
  });

  it('tells wherever one looks which devices wait, until when and why', async () => {
    const serving = await desk.serve('--quiet');
    await desk.json('rollout', 'create', String(await publish('1.1.0', '--draft')), '--waves', '100%');
    await serving.says(/rollout 1 of gateway started, wave 1$/m);
    expect(await asks(serving, 'shop', '1.0.0')).toBe(200);
    const until = Math.round(Date.now() / 1_000) + 3_600;
    const body = JSON.stringify({ id: 'shop', state: 'deferred', reason: 'customers are there', until });
    const reported = await fetch(`${serving.url}/d/${key}/gateway/report`, { method: 'POST', body });
    expect(await reported.json()).toEqual({ code: 0 });
    const waits = /waits until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: customers are there/;
    for (const command of ['device show shop', 'explain shop', 'rollout attempts 1']) {
      expect((await desk.fota(command.split(' '))).stdout).toMatch(waits);
    }
    expect((await desk.fota(['log'])).stdout).toMatch(/deferred until \S+Z: customers are there$/m);
    expect(await desk.json('device', 'list', 'deferred', '--count')).toMatchObject({ devices: 1 });
    expect((await desk.fota(['device', 'export'])).stdout).toContain(
      `customers are there,${new Date(until * 1_000).toISOString()}`,
    );
  });

  it('is paused, resumed, skipped and tried again, each with a line on how it is', async () => {
    await desk.json('rollout', 'create', String(await publish('1.1.0', '--draft')));
    const step = async (...args: readonly string[]) => (await desk.fota(['rollout', ...args])).stdout;
    expect(await step('pause', '1', '--why', 'flat batteries')).toBe(
      'rollout 1  1.1.0 of gateway  paused, wave 1 of 3: flat batteries\nIt offers nothing until it is resumed.\n',
    );
    expect(await step('list', '--state', 'paused')).toMatch(/paused/);
    expect(await step('resume', '1')).toMatch(/running, wave 1 of 3\nWave 2 opens /);
    expect(await step('skip', '1', '--yes')).toMatch(/running, wave 2 of 3\n/);
    expect(await step('retry', '1')).toMatch(/^0 devices may try again/);
    const unknown = await desk.fota(['rollout', 'show', '7']);
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('there is no rollout 7\nLook at the numbers with fota rollout list.');
  });

  it('asks a person before it is aborted or rolled back, and nobody else', async () => {
    await publish('1.0.0');
    await desk.json('rollout', 'create', String(await publish('1.1.0', '--draft')));
    for (const step of ['abort', 'rollback']) {
      const { code, stderr } = await desk.fota(['rollout', step, '1']);
      expect(code).toBe(2);
      expect(stderr).toContain('Add --yes where that is certain.');
    }
    const heard: string[] = [];
    expect(await fota(['rollout', 'abort', '1'], person('n', heard))).toMatchObject({ code: 1 });
    expect(heard).toEqual(['Abort rollout 1 (1.1.0 of gateway, running) for good? [y/N] ']);
    const back = await fota(['rollout', 'rollback', '1'], person('y'));
    expect(back.stdout).toMatch(/^Rollout 1 is aborted; rollout 2 takes its devices to 1\.0\.0 of gateway\.$/m);
    expect(await desk.json<Rollout>('rollout', 'show', '1')).toMatchObject({ state: 'aborted' });
    expect((await desk.fota(['rollout', 'abort', '1', '--yes'])).stderr).toContain('code: rollout-state');
  });

  it.each([
    [['--waves', '5,100'], 'such as 5%,25%,100%'],
    [['--confirm', '0%'], 'such as 80%'],
    [['--pause-at', '5%,6%'], 'or never'],
    [['--window', 'mon 22'], "such as 'mon-fri 22:00-06:00'"],
    [['--time-zone', 'Mars'], 'such as Asia/Shanghai'],
    [['--soak', 'long'], 'such as 90d'],
    [['--max-per-hour', 'much'], 'such as 500MB'],
    [['--start', 'tomorrow', '--time-zone', 'UTC'], '--start takes a time such as'],
    [['--to', 'label:'], '--to: '],
  ])('is refused with %j before anything is asked', async (args, words) => {
    const { code, stdout, stderr } = await desk.fota(['rollout', 'create', '1', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
  });

  it('takes all that its options say', async () => {
    const release = await publish('1.1.0', '--draft');
    await desk.file('some.txt', '\ufeffa\r\nb\n\n');
    const zone = ['--time-zone', 'Asia/Shanghai', '--start', '2099-11-27 22:00', '--window', 'sat,sun 00:00-24:00'];
    const limits = ['--max-downloads', '5', '--max-per-hour', '1GB', '--max-per-device', '50MB', '--downgrade'];
    const when = ['--confirm', '20', '--pause-at', '9,5%', '--pause-wave-at', 'never', '--silent-after', '2h'];
    const args = ['--to', '@some.txt', '--window', '22:00-06:00', ...zone, ...limits, ...when];
    expect(await desk.json('rollout', 'create', String(release), ...args)).toMatchObject({
      state: 'scheduled',
      target: { kind: 'list', ids: ['a', 'b'] },
      startAt: '2099-11-27T14:00:00.000Z',
      windows: [{ from: '22:00', to: '06:00' }, { days: [6, 7] }],
      timeZone: 'Asia/Shanghai',
      confirm: { count: 20 },
      pause: { wave: { ofAtLeast: 10 }, overall: { count: 9, percent: 5 } },
      silentAfterMs: 7_200_000,
      mayDowngrade: true,
      limits: { downloads: 5, bytesPerHour: 1e9, bytesPerDevicePerDay: 5e7 },
    });
  });

  it('is watched until it ends: a line of JSON for each change, a place of its own on a terminal', async () => {
    const serving = await desk.serve('--quiet');
    await desk.json('rollout', 'create', String(await publish('1.1.0', '--draft')), '--waves', '100%');
    const watching = desk.begin('rollout', 'show', '1', '--watch', '--json');
    const seen = begin(['rollout', 'show', '1', '--watch'], { cwd: desk.dir, isTTY: true });
    await watching.says(/"underWay":0/);
    await seen.complains(/Ctrl-C ends the watching, not the rollout\./);
    await asks(serving, 'd', '1.0.0');
    await watching.says(/"underWay":1/);
    await seen.complains(/1 under way/);
    await desk.json('rollout', 'abort', '1', '--yes', '--why', 'enough');
    expect((await watching.ended).code).toBe(1);
    const { code, stdout } = await seen.ended;
    expect(code).toBe(1);
    expect(stdout).toContain('enough');
  });

  it('offers its numbers to the shell', async () => {
    await desk.serve('--quiet');
    await desk.json('rollout', 'create', String(await publish('1.1.0', '--draft')));
    const { stdout } = await desk.fota(['__complete', '--', 'rollout', 'pause', '']);
    expect(stdout).toBe('1\tgateway 1.1.0, running\n');
  });
});

describe('fota publish', () => {
  const args = ['publish', 'app.bin', '--firmware', 'gateway', '--version', '1.1.0'];

  it('rolls out what it publishes, once, however often it is called', async () => {
    await desk.file('app.bin', makeImage(1, 2_000));
    const told = await desk.fota([...args, '--waves', '5%,100%']);
    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/^state +published$/m);
    expect(told.stdout).toMatch(/^Rollout 1 brings 1\.1\.0 of gateway/m);
    const again = await desk.json<{ readonly rollout: Rollout }>(...args, '--waves', '5%,100%');
    expect(again.rollout).toMatchObject({ id: 1, wave: 1 });
    expect((await desk.json<{ readonly items: readonly Rollout[] }>('rollout', 'list')).items).toHaveLength(1);
  });

  it('is refused before a byte goes up where the rollout cannot be', async () => {
    await desk.file('app.bin', makeImage(1, 2_000));
    for (const [more, code] of [
      [['--waves', '50%,5%'], 'rollout-invalid'],
      [['--waves', '@gone.txt'], 'file-unreadable'],
      [['--rollout', '--draft'], 'usage'],
    ] as const) {
      const { stderr } = await desk.fota([...args, ...more]);
      expect(stderr).toContain(`code: ${code}`);
      expect(stderr).not.toContain('upload');
    }
  });
});

describe('fota stop', () => {
  it('halts everything until it is taken back, and shows wherever one looks', async () => {
    const serving = await desk.serve();
    await publish('1.1.0');
    const stopped = await desk.fota(['stop', '--why', 'flat batteries']);
    expect(stopped.stdout).toMatch(/^ALL UPGRADES ARE STOPPED: flat batteries\n/);
    await serving.says(/ALL UPGRADES ARE STOPPED: flat batteries$/m);
    expect(await asks(serving, 'd', '1.0.0')).toBe(404);
    expect((await desk.fota(['explain', 'd'])).stdout).toMatch(/^→ stopped .*flat batteries/m);
    expect((await desk.fota(['explain', 'd', '--version', '1.1.0'])).stdout).toContain(
      'ALL UPGRADES ARE STOPPED: flat',
    );
    const doctor = await desk.fota(['doctor', '--port', '0', '--admin-port', '0']);
    expect(doctor.stdout).toMatch(/^warn +stop +all upgrades are stopped: flat batteries\n.*fota stop --off$/m);
    serving.signal('SIGTERM');
    await serving.ended;
    const again = await desk.serve('--quiet');
    await again.says(/^ALL UPGRADES ARE STOPPED: flat batteries {2}\(fota stop --off lets them go on\)$/m);
    expect(await desk.fota(['stop', '--off'])).toMatchObject({ code: 0, stdout: 'Upgrades go on.\n' });
    await again.says(/Upgrades go on: the stop is lifted\./);
    expect(await asks(again, 'd', '1.0.0')).toBe(200);
    expect(await desk.fota(['stop', '--off', '--why', 'x'])).toMatchObject({ code: 2 });
  });
});
