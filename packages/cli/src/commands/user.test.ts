import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { fota, type Ran } from '../../test/run.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

/** With this on stdin. */
function piping(text: string, ...args: readonly string[]): Promise<Ran> {
  return fota(args, {
    cwd: desk.dir,
    stdin: async function* () {
      yield Buffer.from(text);
    },
  });
}

/** With somebody at the terminal who types these. */
async function typing(
  lines: readonly string[],
  ...args: readonly string[]
): Promise<Ran & { readonly asked: string[] }> {
  const asked: string[] = [];
  const left = [...lines];
  const askUnseen = async (question: string): Promise<string | undefined> => {
    asked.push(question);
    return left.shift();
  };
  return { ...(await fota(args, { cwd: desk.dir, askUnseen })), asked };
}

describe('fota user', () => {
  it('lets somebody in, changes what they may do, and removes them', async () => {
    await desk.json('project', 'create', 'p');
    const added = await piping(
      'a long sentence\n',
      'user',
      'add',
      'ada',
      '--role',
      'operator',
      '--project',
      'p',
      '--password-stdin',
    );
    expect(added).toMatchObject({ code: 0, stdout: expect.stringMatching(/ada(.|\n)*operator(.|\n)*\bp\b/) });
    expect(added.stdout + added.stderr).not.toContain('a long sentence');
    const { items } = await desk.json<{ items: { name: string; role: string; projects: unknown }[] }>('user', 'list');
    expect(items).toMatchObject([{ name: 'ada', role: 'operator', projects: ['p'] }]);
    expect(await desk.json('user', 'role', 'ada', '--role', 'admin')).toMatchObject({ role: 'admin', projects: ['p'] });
    expect(await desk.json('user', 'role', 'ada', '--all-projects')).toMatchObject({ role: 'admin', projects: 'all' });
    expect(await desk.json('user', 'disable', 'ada')).toMatchObject({ isDisabled: true });
    expect((await desk.fota(['user', 'show', 'ada'])).stdout).toContain('no: disabled');
    expect(await desk.json('user', 'enable', 'ada')).toMatchObject({ isDisabled: false });
    expect(await desk.json('user', 'remove', 'ada', '--yes')).toEqual({ name: 'ada', removed: true });
    expect(await desk.fota(['user', 'show', 'ada'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('user-unknown'),
    });
  });

  it('asks twice for a password, and takes it where both are alike', async () => {
    const args = ['user', 'add', 'ada', '--role', 'viewer'];
    const unlike = await typing(['a long sentence', 'another sentence'], ...args);
    expect(unlike).toMatchObject({ code: 1, stderr: expect.stringContaining('the two passwords differ') });
    const alike = await typing(['a long sentence', 'a long sentence'], ...args);
    expect(alike).toMatchObject({ code: 0, asked: ['Password for ada: ', 'Once more: '] });
    const set = await typing(['another sentence', 'another sentence'], 'user', 'password', 'ada');
    expect(set).toMatchObject({ code: 0, stdout: 'ada has another password; their sessions have ended.\n' });
  });

  it.each([
    ['nobody can be asked', undefined, []],
    ['nothing was piped in', '', ['--password-stdin']],
    ['too long', 'x'.repeat(5_000), ['--password-stdin']],
  ])('takes no password where %s', async (message, text, more) => {
    const ran = await piping(text ?? '', 'user', 'add', 'ada', '--role', 'viewer', ...more);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(ran.stderr).toContain('code: password-needed');
  });

  it('says what is wrong with a call', async () => {
    expect(await desk.fota(['user', 'role', 'ada'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--all-projects'),
    });
    expect(await desk.fota(['user', 'add', 'ada'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--role'),
    });
    const both = await desk.fota(['user', 'role', 'ada', '--project', 'p', '--all-projects']);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be used with') });
  });
});

describe('fota whoami', () => {
  it('tells as whom one comes in, by the socket and by a token', async () => {
    const { adminUrl } = await desk.serve();
    await desk.json('project', 'create', 'p');
    expect((await desk.fota(['whoami'])).stdout).toMatch(/local\n.*socket(.|\n)*admin\n.*all/);
    const made = ['token', 'create', 'ci', '--role', 'publisher', '--project', 'p', '--expires', '1d'];
    const { token } = await desk.json<{ readonly token: string }>(...made);
    const ran = await desk.fota(['whoami', '--json'], { FOTA_SERVER: adminUrl, FOTA_TOKEN: token });
    expect(JSON.parse(ran.stdout)).toMatchObject({ kind: 'token', name: 'ci', role: 'publisher', projects: ['p'] });
    const list = (await desk.fota(['token', 'list'])).stdout;
    expect(list).toMatch(/ci +publisher +p +just now +just now +20\d\d-/);
    const refused = await desk.fota(['project', 'create', 'q'], { FOTA_SERVER: adminUrl, FOTA_TOKEN: token });
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('this takes the role admin for all projects'),
    });
  });
});
