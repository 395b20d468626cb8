import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

describe('fota serve', () => {
  it('tells the paths that were configured, and addresses only where others come in', async () => {
    const wide = ['--host', '0.0.0.0', '--admin-host', '0.0.0.0', '--path', '/fota/up', '--path', '/upgrade'];
    const serving = desk.begin('serve', '--port', '0', '--admin-port', '0', ...wide);
    const [, url = ''] = await serving.says(/^devices +(http:\/\/127\.0\.0\.1:\d+\/fota\/up)$/m);
    const [, told = ''] = await serving.says(/^From another machine: FOTA_SERVER=http:\/\/(\S+):\d+ FOTA_TOKEN=fota_/m);
    expect(told).not.toBe('127.0.0.1');
    expect((await desk.fota(['upgrade', url, '--id', 'd', '--json'])).stdout).toContain('"status": 403');
    const { stdout } = await desk.fota(['project', 'create', 'p']);
    const [, host, path] = /url = "http:\/\/(\S+):\d+(\S+)\?"/.exec(stdout) ?? [];
    expect({ host, path }).toEqual({ host: told, path: '/fota/up' });

    const narrow = desk.begin('serve', '--data', 'other', '--port', '0', '--admin-port', '0', '--json');
    const [line] = await narrow.says(/^\{"event":"started".*\}$/m);
    expect(JSON.parse(line)).toMatchObject({ paths: ['/upgrade'], firstToken: expect.stringMatching(/^fota_/) });
    const quiet = await desk.serve('--data', 'third');
    expect(quiet.token).toMatch(/^fota_/);
    quiet.signal('SIGTERM');
    expect((await quiet.ended).stdout).not.toContain('From another machine');
  });
});
