import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fota } from '../../test/run.ts';
import { main, type Output } from '../main.ts';

/** Sets the title of the terminal, clears it, turns it red, by 8-bit codes too; turns the direction of reading. */
const EVIL = '\u001b]0;owned\u0007\u001b[2J\u001b[31m\u009b2J\u202eHI\r\nerror: forged';

/** Everything but line ends that a terminal obeys. */
const STEERING = /[^\P{Cc}\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
/** Colours of ours. */
const OURS = new RegExp(`${'\u001b'}\\[(?:1|2|22|31|32|33|36|39)m`, 'g');

/** An answer in which every text is evil. */
const project = { name: EVIL, key: EVIL, formerKeys: [EVIL], registration: EVIL, refusals: EVIL, createdAt: EVIL };
const question = { idKind: EVIL, id: EVIL, projectKey: EVIL, firmwareName: EVIL, version: EVIL };
const release = {
  id: 1,
  project: EVIL,
  firmwareName: EVIL,
  version: EVIL,
  core: EVIL,
  wireVersion: EVIL,
  state: EVIL,
  notes: EVIL,
  packages: [{ sha256: EVIL, size: 1, source: EVIL, fileName: EVIL, format: EVIL }],
  createdAt: EVIL,
  publishedAt: EVIL,
  withdrawnAt: EVIL,
};
const record = {
  ...question,
  firstSeenAt: EVIL,
  lastSeenAt: EVIL,
  asked: 1,
  rule: EVIL,
  sent: { release: 1, version: EVIL, sha256: EVIL, size: 1, at: EVIL },
  deliveries: { sha256: EVIL, version: EVIL, count: 1, since: EVIL },
};
const entry = {
  ...{ id: 1, at: EVIL, event: EVIL, project: EVIL, firmwareName: EVIL, deviceId: EVIL, version: EVIL, code: 0 },
  ...{ rule: EVIL, release: 1, releaseVersion: EVIL, detail: EVIL },
};
const token = { id: EVIL, name: EVIL, role: EVIL, projects: [EVIL], createdAt: EVIL, expiresAt: EVIL };
const user = {
  id: EVIL,
  name: EVIL,
  role: EVIL,
  projects: [EVIL],
  isDisabled: true,
  createdAt: EVIL,
  passwordAt: EVIL,
};
const audit = {
  ...{ id: 1, at: EVIL, isRefused: true, by: EVIL, name: EVIL, role: EVIL, from: EVIL, request: EVIL, action: EVIL },
  ...{ project: EVIL, target: EVIL, details: [{ name: EVIL, value: EVIL }], code: EVIL, endedAt: EVIL, count: 2 },
};
const steps = [{ rule: EVIL, decided: false, says: EVIL }];
const asked = { question, answer: EVIL, code: 1, rule: EVIL, msg: EVIL, steps, hints: [EVIL] };
const device = { project: EVIL, id: EVIL, access: EVIL, records: [record] };
const problem = { type: 'x', title: EVIL, status: 404, detail: EVIL, code: EVIL, remedy: EVIL };
const problems = [{ at: EVIL, code: EVIL, message: EVIL }];
const where = { dataDir: EVIL, deviceUrl: EVIL, deviceHost: EVIL, paths: [EVIL], adminUrl: EVIL };
const status = { version: EVIL, node: EVIL, startedAt: EVIL, ...where, problems };

const ANSWERS: ReadonlyArray<readonly [RegExp, object]> = [
  [/\/status$/, { ...status, counts: { projects: 1, releases: 1, devices: 1 } }],
  [/\/projects\/nobody/, problem],
  [/\/explain\?/, asked],
  [/\/devices\//, device],
  [/\/projects\//, project],
  [/\/releases\//, release],
  [/\/projects$/, { ...project, items: [project] }],
  [/\/projects\?/, { items: [project] }],
  [/\/releases\?/, { items: [release] }],
  [/\/devices\?/, { items: [{ project: EVIL, id: EVIL, access: EVIL, record }] }],
  [/\/log\?/, { items: [entry] }],
  [/\/me$/, { kind: EVIL, id: EVIL, name: EVIL, role: EVIL, projects: [EVIL] }],
  [/\/users\//, user],
  [/\/users$/, { items: [user] }],
  [/\/audit\?/, { items: [audit] }],
  [/\/audit\/records/, { items: [{ id: 1, text: `{"id":1,"a":"${EVIL}"}`, hash: EVIL }] }],
  [/\/tokens$/, { ...token, token: EVIL, items: [token] }],
];

const ESC_NAME = 'a\u001b[31m.bin';
const CALLS: ReadonlyArray<readonly string[]> = [
  ['project', 'list'],
  ['project', 'show', 'x'],
  ['project', 'show', 'nobody'],
  ['project', 'create', 'x'],
  ['project', 'set', 'x', '--refusals', 'empty'],
  ['project', 'key', 'rotate', 'x'],
  ['release', 'list'],
  ['release', 'show', '1'],
  ['release', 'publish', '1'],
  ['release', 'withdraw', '1', '--yes'],
  ['device', 'list'],
  ['device', 'show', 'x', '--project', 'x'],
  ['device', 'block', 'x', '--project', 'x'],
  ['explain', 'x', '--project', 'x'],
  ['log'],
  ['token', 'list'],
  ['token', 'create', 'ci', '--role', 'admin'],
  ['whoami'],
  ['user', 'list'],
  ['user', 'show', 'x'],
  ['user', 'role', 'x', '--role', 'admin'],
  ['audit', 'list'],
  ['audit', 'verify'],
  ['audit', 'export'],
  ['doctor'],
  ['simulate', 'fleet'],
  ['publish', ESC_NAME],
  ['publish', ESC_NAME, '--project', 'x'],
];

let server: Server;
let url = '';
beforeAll(async () => {
  server = createServer((request, response) => {
    const [, body] = ANSWERS.find(([path]) => path.test(request.url ?? '')) ?? [];
    const isProblem = body === undefined || body === problem;
    const type = isProblem ? 'application/problem+json' : 'application/json';
    response.writeHead(isProblem ? 404 : 200, { 'content-type': type }).end(JSON.stringify(body ?? problem));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

describe('a server that means ill', () => {
  it.each(CALLS)('cannot steer the terminal of fota %s %s %s', async (...args) => {
    for (const more of [[], ['--json']]) {
      for (const isTTY of [false, true]) {
        const { stdout, stderr } = await fota([...args, '--server', url, ...more], { isTTY });
        const said = isTTY ? (stdout + stderr).replace(OURS, '') : stdout + stderr;
        expect(said.length).toBeGreaterThan(0);
        expect(said).not.toMatch(STEERING);
        if (more.length === 0) expect(said).not.toMatch(/^error: forged/m);
        else expect(() => JSON.parse(stdout)).not.toThrow();
      }
    }
  });

  it('shows its colours to nobody, and we ours', async () => {
    const { stdout } = await fota(['project', 'show', 'x', '--server', url], { isTTY: true });
    expect(stdout).toContain('\u001b[2mproject');
    expect(stdout).not.toContain('\u001b[31m');
  });
});

it.each([
  ['inspect', ESC_NAME],
  ['publish', ESC_NAME, '--data', EVIL],
  [EVIL],
  ['help', EVIL],
  ['log', `--${EVIL}`],
  ['log', '--limit', EVIL],
  ['log', '--server', EVIL],
  ['upgrade', EVIL],
  ['upgrade', 'http://127.0.0.1:1/', '--ca', ESC_NAME],
  ['completion', EVIL],
  ['__complete', '--', 'project', 'show', EVIL],
])('what was typed cannot steer the terminal either: fota %j', async (...args) => {
  const { stdout, stderr } = await fota(args, { cwd: '/nowhere' });
  expect((stdout + stderr).replace(/\t/g, '')).not.toMatch(STEERING);
});

/** Stdout of this kind, and what is said on stderr. */
async function broken(code: string, ...args: readonly string[]): Promise<{ exitCode: number; stderr: string }> {
  let stderr = '';
  const stdout: Output = new Writable({
    write: (_, __, done) => done(Object.assign(new Error(`${code}: no way`), { code })),
  });
  const aside: Output = new Writable({
    write(chunk, _, done) {
      stderr += String(chunk);
      done();
    },
  });
  const exitCode = await main([...args, '--server', url], { stdout, stderr: aside, env: {} });
  return { exitCode, stderr };
}

describe('where stdout cannot be written', () => {
  it.each([[], ['--json']])('the command fails and says so %s', async (...more) => {
    const { exitCode, stderr } = await broken('ENOSPC', 'project', 'list', ...more);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: stdout cannot be written: ENOSPC: no way\n[\s\S]*code: output-failed\n$/);
  });

  it('a failure keeps its exit code, and is told on stderr', async () => {
    const { exitCode, stderr } = await broken('ENOSPC', 'project', 'shw');
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain('output-failed');
    const asJson = await broken('ENOSPC', 'project', 'shw', '--json');
    expect(asJson).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('code: output-failed') });
  });

  it.each([[], ['--json']])('a token that nobody can see is named, also where the reader left %s', async (...more) => {
    for (const code of ['ENOSPC', 'EPIPE']) {
      const { exitCode, stderr } = await broken(code, 'token', 'create', 'ci', '--role', 'admin', ...more);
      expect(exitCode).toBe(1);
      expect(stderr).toContain('fota token revoke ');
    }
    expect((await broken('ENOSPC', 'project', 'create', 'x', ...more)).stderr).toContain('fota project show x');
  });

  it('because the reader left, that is no failure', async () => {
    expect(await broken('EPIPE', 'project', 'list')).toEqual({ exitCode: 0, stderr: '' });
  });

  it.runIf(process.platform === 'linux')('a full disk is noticed by the command itself', () => {
    const full = openSync('/dev/full', 'w');
    const bin = fileURLToPath(new URL('../../bin/fota.mjs', import.meta.url));
    const ran = spawnSync(process.execPath, [bin, '--help'], { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    closeSync(full);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('code: output-failed');
  });
});
