import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectRefusal } from '../../../test/dialect.ts';
import { asks, exchange } from '../../../test/raw.ts';
import { etag, fixtures, image, logged, PROJECT, target } from '../../../test/server.ts';

const { publishing } = fixtures(onTestFinished);

describe('a package that was damaged on the disk', () => {
  it.each([
    ['cut', (path: string) => truncate(path, 100)],
    ['gone', (path: string) => rm(path)],
    ['changed', (path: string) => writeFile(path, image())],
  ])('is never begun when it is %s: 503, not logged as served', async (_how, damage) => {
    const bytes = image();
    const problems: unknown[] = [];
    const server = await publishing(
      { '1.1.0': bytes },
      { cacheBytes: 0, onProblem: (problem) => problems.push(problem) },
    );
    expect((await exchange(server.port, asks(target()))).status).toBe(200);
    const path = join(server.dataDir, 'packages', etag(bytes).slice(1, -1));
    await damage(path);
    expectRefusal(await exchange(server.port, asks(target('1.0.1'))), 503, 503);
    expectRefusal(await exchange(server.port, asks(target('1.0.0'), 'GET', ['Range: bytes=9-'])), 503, 503);
    // The second one within ten seconds is counted, not told.
    expect(problems).toMatchObject([{ code: 'package-damaged' }]);
    expect((await logged(server)).filter(({ event }) => event === 'offered')).toHaveLength(1);
    await writeFile(path, bytes);
    expect((await exchange(server.port, asks(target()))).body.equals(bytes)).toBe(true);
  });
});

describe('the upgrade log', () => {
  it('tells who asked, from which version, what was answered, and how the sending ended', async () => {
    const server = await publishing({ '1.1.0': image(), '1.2.0': image() });
    const unknown = target('1.0.0').replace('=app', '=other');
    for (const place of [target('1.0.0'), target('1.2.0'), unknown]) await exchange(server.port, asks(place));
    const told = await logged(server);
    expect(told.map(({ event, code, rule }) => [event, code, rule])).toEqual([
      ['refused', 26, 'firmware-unknown'],
      ['refused', 27, 'newest'],
      ['confirmed', 0, undefined],
      ['sent', 0, undefined],
      ['offered', 0, 'newer-release'],
    ]);
    expect(told[3]).toMatchObject({ releaseVersion: '1.2.0', bytes: 60_000, device: { id: '867', version: '1.0.0' } });
    expect(told[0]?.device).toMatchObject({ project: PROJECT, firmwareName: 'other' });
  });

  it('says once that a device has nothing new, and counts how often it asked', async () => {
    const server = await publishing({ '1.1.0': image() });
    for (let count = 0; count < 5; count += 1) await exchange(server.port, asks(target('1.1.0')));
    expect(await logged(server)).toMatchObject([{ event: 'refused', code: 27 }]);
    expect(await server.operator.device(PROJECT, '867')).toMatchObject([{ record: { asked: 5, rule: 'newest' } }]);
  });

  it('tells of those who ask at the wrong place, without their key, and the operator hears of it at once', async () => {
    const lost: string[] = [];
    const server = await publishing({ '1.1.0': image() }, { onLost: ({ detail }) => lost.push(detail) });
    await exchange(server.port, asks(target('1.0.0', '867', '/fota/up')));
    await exchange(server.port, asks(target(), 'OPTIONS'));
    const told = (await logged(server)).map(({ event, code, detail }) => [event, code, detail]);
    expect(told).toEqual([
      ['unreadable', 405, expect.stringMatching(/^no-such-method from 127\.0\.0\.1: OPTIONS /)],
      [
        'unreadable',
        404,
        expect.stringMatching(/^no-such-path from 127\.0\.0\.1: GET \/fota\/up\?imei=867&project_key=kkkk\.\.\.&/),
      ],
    ]);
    expect(lost).toEqual(told.map(([, , detail]) => detail).toReversed());
    expect((await exchange(server.port, asks(target('1.0.0', '867', '/upgrade/')))).status).toBe(200);
  });

  it('tells of those who know no project of ours, but once a minute for all of a kind', async () => {
    const server = await publishing({ '1.1.0': image() });
    for (let count = 0; count < 20; count += 1) {
      await exchange(server.port, asks(`/upgrade?imei=${count}&project_key=nobody&firmware_name=app&version=1`));
    }
    await exchange(server.port, '\0rubbish\r\n\r\n');
    expect(await logged(server)).toMatchObject([
      { event: 'unreadable', code: 400, detail: expect.stringMatching(/^unparsable from 127\.0\.0\.1: /) },
      { event: 'refused', code: 25, device: { id: '0', project: '' } },
    ]);
  });
});
