import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SETTINGS } from '@libfota2/server/settings';
import { makeCertificate } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

interface Checked {
  readonly ok: boolean;
  readonly file: string | null;
  readonly problems: ReadonlyArray<{
    readonly code: string;
    readonly line?: number;
    readonly key?: string;
    readonly message: string;
  }>;
}

interface Shown {
  readonly items: ReadonlyArray<{
    readonly name: string;
    readonly value: unknown;
    readonly from: string;
    readonly where: string;
  }>;
}

async function check(toml: string): Promise<Checked['problems']> {
  await desk.file('fota.toml', toml);
  const { code, stdout } = await desk.fota(['config', 'check', '--config', 'fota.toml', '--json']);
  const { ok, problems } = JSON.parse(stdout) as Checked;
  expect({ code, ok }).toEqual(problems.length === 0 ? { code: 0, ok: true } : { code: 2, ok: false });
  return problems;
}

async function shown(args: readonly string[], env: Record<string, string> = {}): Promise<Shown['items']> {
  const { code, stdout, stderr } = await desk.fota(['config', 'show', '--json', ...args], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (JSON.parse(stdout) as Shown).items;
}

describe('fota config check', () => {
  it('names line, key and what would be right, of all that is wrong at once', async () => {
    const problems = await check(`# settings
prot = 1
max_devices = 3
port = "eighty"
path = ["/a",
  "nope"]
idle-timeout = """
long"""
admin = 1
nothing-like-it = 1
[devices]
port = 1
`);
    expect(problems.map(({ line, key, code, message }) => `${line} ${key} ${code} ${message}`)).toEqual([
      '2 prot config-unknown is no setting; did you mean port?',
      '3 max_devices config-unknown is no setting; did you mean max-devices?',
      '4 port config-invalid must be a whole number from 0 to 65535, not "eighty"',
      expect.stringMatching(/^5 path config-invalid must be a list, each of it a path .*, not \["\/a","nope"\]$/),
      expect.stringMatching(/^7 idle-timeout config-invalid must be a time from 1ms to 24d: .*, not "long"$/),
      '9 admin config-invalid must be true or false, not 1',
      '10 nothing-like-it config-unknown is no setting',
      '11 devices config-unknown is no setting',
    ]);
  });

  it('tells the line at which a file is no TOML', async () => {
    expect(await check('port = 1\nhost = 127.0.0.1\n')).toMatchObject([{ code: 'config-syntax', line: 2 }]);
    expect(await check('port = 1\nport = 2\n')).toMatchObject([{ code: 'config-syntax', line: 2 }]);
    const { stdout } = await desk.fota(['config', 'check', '--config', 'fota.toml']);
    expect(stdout).toMatch(
      /^wrong {2}\S.*fota\.toml:2: .+\n {7}Write a setting a line .* \(config-syntax\)\n1 mistake\.\n$/,
    );
  });

  it('says that all is right, and which variables nobody reads', async () => {
    await desk.file('fota.toml', 'port = 8080\n');
    const { code, stdout } = await desk.fota(['config', 'check', '--config', 'fota.toml'], { FOTA_PROT: '1' });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `warn   FOTA_PROT is the variable of no setting\nRight: ${join(desk.dir, 'fota.toml')}.\n`,
    });
  });

  it('finds what is wrong in a variable, and a file that is not there', async () => {
    const { code, stdout } = await desk.fota(['config', 'check'], { FOTA_GRACE: 'long', FOTA_PORT: '' });
    expect(code).toBe(2);
    expect(stdout).toContain('FOTA_GRACE must be a time from 0 to 24d');
    const missing = await desk.fota(['config', 'check'], { FOTA_CONFIG: 'none.toml' });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('code: config-unreadable');
  });

  it('does not let the file in a data folder lead to another one', async () => {
    await desk.fota(['config', 'init']);
    await desk.file('fota-data/fota.toml', 'data = "/elsewhere"\n');
    const { stdout } = await desk.fota(['config', 'check', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ problems: [{ code: 'config-conflict', line: 1, key: 'data' }] });
    await desk.file('fota-data/fota.toml', 'data = "."\n');
    expect((await desk.fota(['config', 'check'])).code).toBe(0);
  });
});

describe('fota config show', () => {
  it('tells of each setting who says so: option before variable, variable before file', async () => {
    await desk.file('etc.toml', 'port = 1\nadmin-port = 1\ngrace = 1\nquiet = true\n');
    const env = { FOTA_CONFIG: 'etc.toml', FOTA_PORT: '2', FOTA_ADMIN_PORT: '2', FOTA_PATH: '/a,/b' };
    const items = await shown(['--port', '3', '--no-quiet', '--changed'], env);
    const file = join(desk.dir, 'etc.toml');
    expect(Object.fromEntries(items.map(({ name, value, where }) => [name, { value, where }]))).toEqual({
      port: { value: 3, where: '--port' },
      'admin-port': { value: 2, where: 'FOTA_ADMIN_PORT' },
      path: { value: ['/a', '/b'], where: 'FOTA_PATH' },
      grace: { value: 1_000, where: `${file}:3: grace` },
      quiet: { value: false, where: '--quiet' },
    });
    expect(await shown([])).toHaveLength(SETTINGS.length);
  });

  it('lets paths begin where they were written', async () => {
    await desk.fota(['config', 'init', '--data', 'deep/folder']);
    await desk.file('deep/etc.toml', 'data = "here"\n');
    const folder = async (args: string[], env = {}): Promise<unknown> =>
      (await shown(args, env)).find(({ name }) => name === 'data')?.value;
    expect(await folder(['--config', 'deep/etc.toml'])).toBe(join(desk.dir, 'deep/here'));
    expect(await folder([], { FOTA_DATA: 'here' })).toBe(join(desk.dir, 'here'));
  });
});

describe('fota config init', () => {
  it('writes a file that changes nothing, and does so with every line switched on', async () => {
    expect((await desk.fota(['config', 'init'])).code).toBe(0);
    const file = join(desk.dir, 'fota-data', 'fota.toml');
    const template = await readFile(file, 'utf8');
    expect(await shown(['--changed'])).toEqual([]);
    await desk.file('all.toml', template.replace(/^#(?=[a-z-]+ = \S)/gm, ''));
    const all = await shown(['--config', 'all.toml']);
    const defaults = await shown([]);
    expect(all.map(({ name, value }) => [name, value])).toEqual(defaults.map(({ name, value }) => [name, value]));
    expect(all.filter(({ from }) => from === 'file')).toHaveLength(
      SETTINGS.filter(({ orElse }) => orElse !== undefined).length,
    );
  });

  it('never writes over a file', async () => {
    await desk.file('mine.toml', 'port = 1\n');
    const { code, stderr } = await desk.fota(['config', 'init', 'mine.toml']);
    expect(code).toBe(1);
    expect(stderr).toContain('code: file-exists');
    expect(await readFile(join(desk.dir, 'mine.toml'), 'utf8')).toBe('port = 1\n');
    expect((await desk.fota(['config', 'init', 'no/folder.toml'])).stderr).toContain('code: file-unwritable');
  });
});

describe('a configuration', () => {
  it('is what the server on its data folder obeys, and commands without a server too', async () => {
    await desk.fota(['config', 'init']);
    await desk.file('fota-data/fota.toml', 'path = ["/fota/up"]\nmax-package-bytes = "1KiB"\nadmin = false\n');
    await desk.fota(['project', 'create', 'p']);
    await desk.file('app.bin', new Uint8Array(2_000).fill(1));
    const publish = ['publish', 'app.bin', '--project', 'p', '--firmware', 'app', '--version', '1.0.0'];
    expect((await desk.fota(publish)).stderr).toContain('code: upload-too-large');

    const serving = desk.begin('serve', '--port', '0');
    await serving.says(/^devices +http:\/\/127\.0\.0\.1:\d+\/fota\/up$/m);
    await serving.says(/^admin +only commands on this machine$/m);
    await serving.says(/^config +\S.*fota\.toml$/m);
    expect((await desk.fota(publish)).stderr).toContain('code: upload-too-large');
  });

  it('that is wrong starts no server: the exit code is 2', async () => {
    await desk.file('etc.toml', 'port = 99999\nquite = true\n');
    const { code, stderr } = await desk.fota(['serve', '--config', 'etc.toml']);
    expect(code).toBe(2);
    expect(stderr).toContain('etc.toml:1: port must be a whole number from 0 to 65535, not 99999\n');
    expect(stderr).toContain('etc.toml:2: quite is no setting; did you mean quiet?\n');
    expect((await desk.fota(['serve', '--port', 'x'])).stderr).toMatch(/'--port <n>'.* It takes a whole number from 0/);
  });

  it('tells every command where the data folder is', async () => {
    await desk.file('etc.toml', 'data = "srv"\n');
    await desk.fota(['project', 'create', 'p'], { FOTA_CONFIG: 'etc.toml' });
    const { stdout } = await desk.fota(['project', 'list', '--data', 'srv']);
    expect(stdout).toContain('p');
  });
});

describe('certificates', () => {
  it('are tried by fota config check, which names the line of the one that will not do', async () => {
    const [one, other] = [makeCertificate({ name: 'one' }), makeCertificate({ name: 'other' })];
    await desk.file('cert.pem', one.cert);
    await desk.file('key.pem', other.key);
    const toml = 'admin-tls-cert = "cert.pem"\nadmin-tls-key = "key.pem"\n';
    expect(await check(toml)).toMatchObject([{ code: 'tls-key-mismatch', line: 1, key: 'admin-tls-cert' }]);
    await desk.file('key.pem', one.key);
    expect(await check(toml)).toEqual([]);
  });

  it('take the settings that they need', async () => {
    const problems = await check('tls-cert = "cert.pem"\nhttp = false\nadmin-tls-key = "key.pem"\ntls-port = 1\n');
    expect(problems.map(({ line, key, code, message }) => `${line} ${key} ${code} ${message}`)).toEqual([
      '1 tls-cert config-conflict needs tls-key, which nobody sets',
      '3 admin-tls-key config-conflict needs admin-tls-cert, which nobody sets',
    ]);
    expect(await check('http = false\n')).toMatchObject([{ code: 'config-conflict', key: 'http' }]);
  });
});
