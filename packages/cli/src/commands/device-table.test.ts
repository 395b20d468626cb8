import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { fota } from '../../test/run.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
  await desk.json('project', 'create', 'p');
  await desk.json('device', 'label', 'a', 'b', '--add', 'beta');
});
afterEach(() => desk.clear());

interface Shown {
  readonly access: string;
  readonly labels: readonly string[];
  readonly note?: string;
}

describe('fota device export', () => {
  it('writes devices as a table, to stdout or into a new file', async () => {
    await desk.json('device', 'note', 'a', '=1+1');
    const { stdout } = await desk.fota(['device', 'export', 'id = a']);
    expect(stdout).toMatch(/^id,access,labels,note,pin,project,[\w,]+\r\na,default,beta,'=1\+1,,p,,+\r\n$/);
    const made = await desk.json<object>('device', 'export', 'id = a', '--out', 'a.csv', '--excel');
    expect(made).toMatchObject({ devices: 1, bytes: Buffer.byteLength(stdout) + 3 });
    expect(await readFile(join(desk.dir, 'a.csv'), 'utf8')).toBe(`\ufeff${stdout}`);
    expect((await desk.fota(['device', 'export', '--out', 'a.csv'])).stderr).toContain('code: file-exists');
  });

  it('says where a query is wrong, and that a table is no JSON', async () => {
    expect(await desk.fota(['device', 'export', 'lable:x'])).toMatchObject({ code: 1, stdout: '' });
    expect(await desk.fota(['device', 'export', '--json'])).toMatchObject({ code: 2 });
  });
});

describe('fota device import', () => {
  const args = ['device', 'import', 'devices.csv'];

  it('says what it would change, asks, and changes it', async () => {
    await desk.file(
      'devices.csv',
      'id,access,labels,note\r\na,,beta brave,on the roof\r\nb,,beta,\r\nc,blocked,,\r\nd,,,\r\n',
    );
    const dry = await desk.fota([...args, '--dry-run']);
    expect(dry.stdout.split('\n')).toEqual([
      '  a  labels beta → beta brave; note - → "on the roof"',
      '  c (new)  access default → blocked',
      '4 lines on 4 devices of p would change 2, 1 of them new. Nothing was changed.',
      '',
    ]);
    expect(dry.stderr).toBe('1 device of which nothing is known, nor said, stay unknown.\n');
    expect(await desk.fota(args)).toMatchObject({ code: 2 });
    const questions: string[] = [];
    const ask = async (question: string): Promise<string> => {
      questions.push(question);
      return 'y';
    };
    const { code, stdout } = await fota(args, { cwd: desk.dir, isTTY: true, ask });
    expect([code, stdout]).toEqual([0, '4 lines on 4 devices of p changed 2, 1 of them new.\n']);
    expect(questions).toEqual(['Change 2 devices of p (1 of them new)? [y/N] ']);
    expect(await desk.json<Shown>('device', 'show', 'a')).toMatchObject({
      labels: ['beta', 'brave'],
      note: 'on the roof',
    });
    expect(await desk.json('device', 'import', 'devices.csv', '--yes')).toMatchObject({ changed: 0, unknown: 1 });
  });

  it('takes what an export has written, edited on its way', async () => {
    const { stdout } = await desk.fota(['device', 'export']);
    const edited = Buffer.from(stdout.replaceAll(',beta,', ',gamma,'));
    const stdin = async function* (): AsyncGenerator<Uint8Array> {
      yield edited;
    };
    const ran = await fota(['device', 'import', '-', '--yes', '--json'], { cwd: desk.dir, stdin });
    expect([ran.code, JSON.parse(ran.stdout)]).toMatchObject([0, { project: 'p', lines: 2, changed: 2, added: 0 }]);
    expect(await desk.json<Shown>('device', 'show', 'b')).toMatchObject({ labels: ['gamma'] });
  });

  it('names the lines that cannot be taken, and changes nothing', async () => {
    const lines = Array.from({ length: 30 }, (_, i) => `d${i},${i < 25 ? 'nope' : 'blocked'}\n`).join('');
    await desk.file('devices.csv', `id,access\n${lines}`);
    const { code, stdout, stderr } = await desk.fota([...args, '--yes']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n')[0]).toMatch(/^line 2 {2}access {2}"nope" is no word on a device/);
    expect(stderr).toContain('… and 5 more\nerror: line 2, access: ');
    const told = await desk.fota([...args, '--yes', '--json']);
    expect(JSON.parse(told.stdout)).toMatchObject({ error: { code: 'table-invalid', problems: { length: 20 } } });
    expect(await desk.json('device', 'list', '--count')).toEqual({ devices: 2 });
    expect((await desk.fota(['device', 'import', 'none.csv'])).stderr).toContain('code: file-unreadable');
  });
});

describe('fota device release', () => {
  it('leaves the word on devices, and those that are not held, as they are', async () => {
    await desk.json('device', 'block', 'a');
    expect(await desk.json<Shown>('device', 'release', 'a')).toMatchObject({ access: 'blocked', labels: ['beta'] });
    expect((await desk.fota(['device', 'release', 'nobody'])).stderr).toContain('code: device-unknown');
    const { stdout } = await desk.fota(['device', 'release', '--query', 'label:beta', '--yes']);
    expect(stdout).toBe('2 devices of p held for an upgrade loop no more.\n');
  });
});

it('fota device show tells how far the last upgrade is', async () => {
  const { url } = await desk.serve();
  await desk.file('app.bin', 'new');
  await desk.json('publish', 'app.bin', '--project', 'p', '--firmware', 'app', '--version', '1.1.0');
  const { items } = await desk.json<{ items: readonly { readonly key: string }[] }>('project', 'list');
  await fetch(`${url}/upgrade?imei=d&project_key=${items[0]?.key}&firmware_name=app&version=1.0.0`);
  const { stdout } = await desk.fota(['device', 'show', 'd']);
  expect(stdout).toMatch(/^last upgrade +1\.0\.0 → 1\.1\.0, download(ing|ed) since (just now|\d seconds? ago)$/m);
  expect(stdout).toMatch(/^by +release 1$/m);
});
