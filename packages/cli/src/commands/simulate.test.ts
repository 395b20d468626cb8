import { randomBytes } from 'node:crypto';
import { DEVICE_KINDS } from '@libfota2/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Desk, makeDesk, type Serving } from '../../test/desk.ts';
import { fota } from '../../test/run.ts';

/** Often, and short. */
const QUICK = ['--poll', '200ms', '--for', '20s'];

let desk: Desk;
let serving: Serving;
beforeAll(async () => {
  desk = await makeDesk();
  serving = await desk.serve();
  await desk.json('project', 'create', 'sample');
  for (const version of ['1.0.0', '1.1.0']) {
    await desk.file(`${version}.bin`, randomBytes(20_000));
    await desk.json('publish', `${version}.bin`, '--firmware', 'app', '--version', version);
  }
});
afterAll(() => desk.clear());

interface Simulated {
  readonly ok: boolean;
  readonly ended: string;
  readonly standings: Record<string, number>;
  readonly versions: Record<string, number>;
  readonly deliveries: { most: number };
  readonly expected: readonly object[];
  readonly spec: { server: object; versions: object; becomes?: string; seed: number };
}

const simulate = (...args: readonly string[]): Promise<Simulated> =>
  desk.json<Simulated>('simulate', 'fleet', ...QUICK, ...args);

describe('fota simulate fleet', () => {
  it('finds out for itself where, as what and from which version devices are to ask', async () => {
    const told = await simulate('--count', '28');
    expect(told).toMatchObject({
      ...{ ok: true, ended: 'confirmed', expected: [] },
      standings: { confirmed: 28, fresh: 0 },
      versions: { '1.1.0': 28 },
      spec: { versions: { '1.0.0': 1 }, seed: 1 },
    });
  });

  it('holds a looping device to six deliveries, and says so', async () => {
    const args = ['--count', '1', '--seed', '2', '--loops', '100%', '--until', 'quiet', '--expect', 'deliveries=6'];
    const told = await simulate(...args, '--expect', 'held=100%');
    expect(told).toMatchObject({ ok: true, ended: 'quiet', standings: { looping: 1 }, deliveries: { most: 6 } });
    expect(told.expected).toEqual([
      { expected: 'deliveries=6', found: 6, met: true },
      { expected: 'held=100%', found: 1, met: true },
    ]);
  });

  it('ends with 1 where something else was expected', async () => {
    const args = ['simulate', 'fleet', ...QUICK, '--count', '10', '--seed', '3', '--boot-fails', '20%'];
    const { code, stdout } = await desk.fota([...args, '--until', 'quiet', '--expect', 'confirmed=100%']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^confirmed +8 +80\.0 %$/m);
    expect(stdout).toMatch(/^failed +2 +20\.0 %$/m);
    expect(stdout).toContain('MISSED  confirmed=100%  (8)');
    expect(stdout).toMatch(/^deliveries +20 whole images, 6 to one device at most \(86\d{13}\)$/m);
  });

  it('shows how it goes: lines in their place on a terminal, a line now and then in a log', async () => {
    const args = ['simulate', 'fleet', ...QUICK, '--count', '5', '--data', `${desk.dir}/fota-data`];
    const onTerminal = await fota([...args, '--seed', '4'], { isTTY: true });
    expect(onTerminal.stderr).toContain('5 devices');
    expect(onTerminal.stderr).toContain('100 % confirmed');
    expect(onTerminal.stderr.endsWith('\u001b[?25h')).toBe(true);
    const inLog = await fota([...args, '--seed', '5']);
    expect(inLog.stderr).toMatch(/^\d+ s {2}.*; \d+ questions\/s, [\d.]+ MB$/m);
    expect(inLog.stderr).not.toContain('\u001b');
  });

  it('needs no admin side where all is said, and asks at a URL of one’s own', async () => {
    const { items } = await desk.json<{ items: Array<{ key: string }> }>('project', 'list');
    const { code, stdout } = await fota(
      [
        ...['simulate', 'fleet', ...QUICK, '--json', '--count', '14', '--seed', '6', '--expect', 'confirmed=14'],
        ...['--url', `${serving.url}/upgrade`, '--key', items[0]?.key ?? '', '--firmware', 'app'],
        ...['--version', '0.9.0:50,1.0.0:50', '--becomes', '1.1.0'],
      ],
      { cwd: '/nowhere' },
    );
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, versions: { '1.1.0': 14 } });
    expect(code).toBe(0);
  });

  it('takes a fleet from a file, and writes one', async () => {
    const shown = await desk.fota(['simulate', 'fleet', '--show-spec', '--count', '7', '--seed', '8', ...QUICK]);
    await desk.file('fleet.json', shown.stdout);
    const told = await simulate('--spec', 'fleet.json', '--count', '4');
    expect(told).toMatchObject({ standings: { confirmed: 4 }, spec: { seed: 8, count: 4 } });
  });

  it('names every kind of devices in its help', async () => {
    const { stdout } = await fota(['simulate', 'fleet', '--help'], { columns: 120 });
    for (const kind of DEVICE_KINDS) expect(stdout.replace(/\s+/g, ' ')).toContain(kind);
  });

  it('ends at Ctrl-C with what it knows', async () => {
    const running = desk.begin('simulate', 'fleet', '--count', '5', '--seed', '9', '--poll', '1h', '--for', '1h');
    await running.complains(/questions\/s/);
    running.signal('SIGINT');
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(stdout).toContain('it was stopped');
  });
});

describe('a fleet that cannot be', () => {
  const refused = async (...args: readonly string[]) => {
    const { code, stderr } = await desk.fota(['simulate', 'fleet', ...args]);
    expect(code).toBe(2);
    return stderr;
  };
  const said = ['--key', 'k', '--firmware', 'app', '--version', '1.0.0', '--becomes', '1.1.0'];

  it('would be a load on somebody else', async () => {
    const stderr = await refused('--url', 'http://192.0.2.7/upgrade', ...said);
    expect(stderr).toContain('a fleet is a load, and 192.0.2.7 is not this machine');
    expect(stderr).toContain('--i-own-this-server');
  });

  it('is told what is wrong with it', async () => {
    expect(await refused('--generation', '2022-01')).toContain('generations does not know "2022-01"');
    expect(await refused('--boot-fails', '70%', '--silent', '70%')).toContain('shares that are 1 together at most');
    expect(await refused('--url', 'https://127.0.0.1/', ...said)).toContain('--url takes what devices ask');
    expect(await refused('--expect', 'joy=100%')).toContain('It knows fresh, installed, confirmed');
    expect(await refused('--firmware', 'other')).toContain('nobody knows what the devices run');
    await desk.file('list.json', '[]');
    expect(await refused('--spec', 'list.json')).toContain('is no JSON object');
  });

  it('needs a server that runs', async () => {
    const { code, stderr } = await fota(['simulate', 'fleet'], { cwd: '/nowhere' });
    expect(code).toBe(1);
    expect(stderr).toContain('code: server-needed');
  });
});
