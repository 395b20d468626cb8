import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '@libfota2/server';
import { expect, it, onTestFinished } from 'vitest';
import { fota } from '../../test/run.ts';

const PROJECT = 'a, "b"';

/** A folder in which there was a server that three devices asked, and then one that has counted them. */
async function counted(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'fota versions '));
  onTestFinished(() => rm(dir, { recursive: true }));
  const dataDir = join(dir, 'fota-data');
  const first = await startServer({ dataDir });
  const { key } = await first.createProject(PROJECT);
  await first.publish({ project: PROJECT, firmwareName: 'app', version: '1.1.0', package: [Buffer.from('app')] });
  for (const [id, version] of [
    ['1', '1.0.0'],
    ['2', '1.1.0'],
    ['3', '1.1.0'],
  ]) {
    await (await fetch(`${first.url}/d/${key}/app?id=${id}&version=${version}`)).arrayBuffer();
  }
  await first.close();
  await (await startServer({ dataDir })).close();
  return dir;
}

it('shows which versions devices run: on a terminal with curves, else plainly, as JSON and as CSV', async () => {
  const cwd = await counted();
  const plain = await fota(['versions'], { cwd });
  expect(plain.stdout.replaceAll(/ +$/gm, '')).toMatch(
    new RegExp(
      [
        '^FIRMWARE {2}VERSION {2}DEVICES {2}SHARE {3}SEEN IN A DAY',
        'app {7}1\\.0\\.0 {4}1 {8}33\\.3 % {2}1',
        'app {7}1\\.1\\.0 {4}2 {8}66\\.7 % {2}2',
        '',
        'Counted .*\\.\n$',
      ].join('\n'),
    ),
  );
  const onTerminal = await fota(['versions'], { cwd, isTTY: true, env: { NO_COLOR: '1' } });
  expect(onTerminal.stdout).toMatch(/CURVE\n.* 1 {14}▅\n.* 2 {14}█\n/);

  const json = JSON.parse((await fota(['versions', '--json'], { cwd })).stdout);
  expect(json).toMatchObject({
    project: PROJECT,
    stepHours: 1,
    series: [
      { firmwareName: 'app', version: '1.0.0', devices: [1], seen: [1] },
      { firmwareName: 'app', version: '1.1.0', devices: [2], seen: [2] },
    ],
  });
  const csv = await fota(['versions', '--csv', '--since', '12h', '--step', '1'], { cwd });
  expect(csv.stdout).toBe(
    [
      'hour,project,firmware,version,devices,seen',
      `${json.hours[0]},"a, ""b""",app,1.0.0,1,1`,
      `${json.hours[0]},"a, ""b""",app,1.1.0,2,2`,
      '',
    ].join('\r\n'),
  );
});

it('says where nothing was counted yet, and what fits nothing', async () => {
  const cwd = await counted();
  expect((await fota(['versions', '--firmware', 'other'], { cwd })).stdout).toBe('No device that fits.\n');
  const empty = await mkdtemp(join(tmpdir(), 'fota versions '));
  onTestFinished(() => rm(empty, { recursive: true }));
  await fota(['project', 'create', 'p'], { cwd: empty });
  expect((await fota(['versions'], { cwd: empty })).stdout).toContain('Nothing was counted yet');
  expect((await fota(['versions', '--since', 'ever'], { cwd: empty })).code).toBe(2);
});
