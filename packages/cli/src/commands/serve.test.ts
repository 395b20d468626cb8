import { makeCertificate } from '@libfota2/testkit';
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

  it('answers over TLS, shows a renewed certificate at SIGHUP, and doctor says until when it is good', async () => {
    const write = async (name: string, years: readonly [number, number]): Promise<void> => {
      const { cert, key } = makeCertificate({ name, host: '127.0.0.1', years });
      await desk.file('cert.pem', cert);
      await desk.file('key.pem', key);
    };
    await write('first', [2020, 2048]);
    const pair = (prefix: string): string[] => [`--${prefix}-cert`, 'cert.pem', `--${prefix}-key`, 'key.pem'];
    const ports = ['--port', '0', '--tls-port', '0', '--admin-port', '0'];
    const serving = desk.begin('serve', ...ports, ...pair('tls'), ...pair('admin-tls'), '--json');
    const [line] = await serving.says(/^\{"event":"started".*\}$/m);
    const { url, tlsUrl, adminUrl } = JSON.parse(line) as Record<string, string>;
    expect([url, tlsUrl, adminUrl].map((one) => one?.replace(/\d+$/, ''))).toEqual([
      'http://127.0.0.1:',
      'https://127.0.0.1:',
      'https://127.0.0.1:',
    ]);
    const certificates = async (): Promise<readonly string[]> => {
      const { stdout } = await desk.fota(['doctor', '--json']);
      const { checks } = JSON.parse(stdout) as {
        readonly checks: ReadonlyArray<Record<'name' | 'status' | 'message', string>>;
      };
      const found = checks.filter(({ name }) => name === 'devices' || name === 'certificate');
      return found.map(({ status, message }) => `${status} ${message}`);
    };
    expect(await certificates()).toEqual([
      `ok they are answered at ${url}`,
      `ok they are answered at ${tlsUrl}`,
      expect.stringMatching(/^ok what devices are shown, for IP Address:127\.0\.0\.1, is good for \d+ days$/),
      expect.stringMatching(/^ok what operators are shown/),
    ]);
    await write('second', [2020, 2025]);
    serving.signal('SIGHUP');
    await serving.says(/"event":"problem".*"tls-certificate-expired"/);
    expect(await certificates()).toContainEqual(
      expect.stringMatching(/^fail what devices are shown, .* has expired at 2025-12-31T/),
    );
  });
});
