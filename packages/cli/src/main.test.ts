import { describe, expect, it } from 'vitest';
import { fota } from '../test/run.ts';
import { COMMAND_ERRORS } from './failure.ts';
import { createOut } from './output/out.ts';
import { allOf, createProgram, pathOf } from './program.ts';
import { processWorld } from './world.ts';

const world = processWorld();
const program = createProgram({
  world,
  out: createOut({ ...world, env: {} }, false),
  signal: () => new AbortController().signal,
  onHangup: () => undefined,
  exitWith: () => undefined,
});
const leaves = allOf(program).filter((one) => one.commands.length === 0 && !one.name().startsWith('__'));

describe('help', () => {
  it.each(leaves.filter((one) => !['help', 'demo'].includes(one.name())).map((one) => pathOf(one)))(
    'of %s has examples',
    async (path) => {
      const { code, stdout } = await fota([...path.split(' ').slice(1), '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Usage/m);
      expect(stdout).toMatch(/^Examples?\b/m);
      expect(stdout).toMatch(new RegExp(`^ .*${path}`, 'm'));
      expect(stdout).not.toContain('\u001b');
    },
  );

  it.each([80, 60])('fits a terminal of %i columns', async (columns) => {
    const { stdout } = await fota(['--help'], { columns });
    const text = stdout.slice(0, columns < 80 ? stdout.indexOf('Where the server is') : undefined);
    expect(text.split('\n').filter((line) => line.length > columns)).toEqual([]);
  });

  it('comes without a command, and tells the exit codes', async () => {
    const { code, stdout } = await fota([]);
    expect(code).toBe(0);
    expect(stdout).toContain('Exit codes');
    expect((await fota(['help', 'publish'])).stdout).toContain('--despite-contradictions');
  });

  it('has colours on a terminal, but not with NO_COLOR', async () => {
    expect((await fota(['--help'], { isTTY: true })).stdout).toContain('\u001b[1m');
    expect((await fota(['--help'], { isTTY: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
  });

  it('of a list without an end says so', async () => {
    expect((await fota(['project', 'list', '--help'])).stdout).toMatch(
      /--limit <n> +so many at most, or all \(default: all\)/,
    );
  });

  it('of upgrade says that the exit code is the result', async () => {
    const { stdout } = await fota(['upgrade', '--help']);
    expect(stdout).toContain('64  this command was called in a wrong way');
  });
});

describe('wrong use', () => {
  it('ends with 2, tells why on stderr, and where the help is', async () => {
    const { code, stdout, stderr } = await fota(['publish']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toBe("error: missing required argument 'file'\nTry: fota publish --help\ncode: usage\n");
  });

  it('of a misspelt command or option says what was probably meant', async () => {
    expect((await fota(['publsh'])).stderr).toContain('Did you mean publish?');
    expect((await fota(['log', '--folow'])).stderr).toContain('Did you mean --follow?');
    expect((await fota(['project', 'key', 'rotat', 'x'])).stderr).toContain('Did you mean rotate?');
  });

  it('of an argument says what it takes', async () => {
    const { stderr } = await fota(['release', 'show', 'x']);
    expect(stderr).toMatch(/^error: 'x' is invalid for argument 'release'\. It takes a number from 1 /);
  });

  it('of a group names its commands', async () => {
    const { code, stderr } = await fota(['device']);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'fota device takes a command: list, show, block, allow, reset, label, note, pin, unpin, release, export, import, forget',
    );
  });

  it('is an object on stdout with --json', async () => {
    const { code, stdout, stderr } = await fota(['release', 'list', '--state', 'odd', '--json']);
    expect(code).toBe(2);
    expect(stderr).toBe('');
    const { error } = JSON.parse(stdout);
    expect(error).toEqual({
      code: 'usage',
      message: expect.stringContaining('Allowed choices are draft, published, withdrawn.'),
      remedy: 'Try: fota release list --help',
    });
  });

  it.each([
    ['--limit', '0'],
    ['--limit', 'many'],
    ['--server', 'ftp://x'],
  ])('is an option that cannot be: %s %s', async (option, value) => {
    expect((await fota(['log', option, value], { cwd: '/nowhere' })).code).toBe(2);
  });

  it('is a FOTA_SERVER that cannot be, which is named', async () => {
    const { code, stderr } = await fota(['log'], { env: { FOTA_SERVER: 'bogus' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: FOTA_SERVER takes a URL such as http:\/\/127\.0\.0\.1:8267, not "bogus"$/m);
  });

  it('is a change of a project that changes nothing', async () => {
    const { code, stderr } = await fota(['project', 'set', 'p'], { cwd: '/nowhere' });
    expect(code).toBe(2);
    expect(stderr).toContain('nothing is to be changed: give --registration or --refusals');
  });

  it('is a server and a data folder at once', async () => {
    const { code, stderr } = await fota(['log', '--server', 'http://127.0.0.1:1', '--data', 'x']);
    expect(code).toBe(2);
    expect(stderr).toContain('--server and --data exclude each other');
  });

  it('of upgrade ends with 64, for 2 says that the URL is wrong', async () => {
    expect((await fota(['upgrade'])).code).toBe(64);
    expect((await fota(['upgrade', 'http://x', '--timeout', 'soon'])).code).toBe(64);
    const { code, stdout } = await fota(['upgrade', 'ftp://example.com/upgrade', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ result: 2, code: 'url-scheme' });
  });
});

describe('a failure', () => {
  it('tells what to do, and its code', async () => {
    const { code, stderr } = await fota(['project', 'list', '--data', 'gone'], { cwd: '/nowhere' });
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: there is no data folder at /nowhere/gone\n${COMMAND_ERRORS['data-dir-missing'].remedy}\ncode: data-dir-missing\n`,
    );
  });

  it('of a server that is not there names it, and the reason', async () => {
    const { code, stdout } = await fota(['project', 'list', '--server', 'http://127.0.0.1:1', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toEqual({
      code: 'server-unreachable',
      message: 'the server at http://127.0.0.1:1 cannot be reached: nothing listens there',
      remedy: COMMAND_ERRORS['server-unreachable'].remedy,
    });
  });
});

it('gives a program the completion script as JSON', async () => {
  const { code, stdout } = await fota(['completion', 'bash', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ shell: 'bash', script: (await fota(['completion', 'bash'])).stdout });
});

it('tells its version', async () => {
  expect(await fota(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
});
