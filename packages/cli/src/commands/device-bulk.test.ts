import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { fota } from '../../test/run.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
  await desk.json('project', 'create', 'p');
  await desk.json('device', 'label', 'a', 'b', 'c', '--add', 'beta');
});
afterEach(() => desk.clear());

async function count(query: string): Promise<number> {
  return (await desk.json<{ readonly devices: number }>('device', 'list', query, '--count')).devices;
}

describe('devices that a query fits', () => {
  it('are shown without being changed', async () => {
    const { code, stdout } = await desk.fota(['device', 'block', '--query', 'label:beta', '--dry-run']);
    expect([code, stdout.split('\n').slice(0, 2)]).toEqual([
      0,
      ['Block 3 devices of p. Nothing was changed.', '  a  - '],
    ]);
    expect(await count('access = blocked')).toBe(0);
  });

  it('are changed where somebody is sure of it, or is asked and says yes', async () => {
    const args = ['device', 'block', '--query', 'label:beta'];
    expect(await desk.fota(args)).toMatchObject({ code: 2 });
    expect(await count('access = blocked')).toBe(0);
    const questions: string[] = [];
    const answering = (answer: string) => ({
      cwd: desk.dir,
      isTTY: true,
      ask: async (question: string) => {
        questions.push(question);
        return answer;
      },
    });
    expect(await fota(args, answering('n'))).toMatchObject({ code: 1 });
    expect(await count('access = blocked')).toBe(0);
    expect(await fota(args, answering('y'))).toMatchObject({ code: 0, stdout: '3 devices of p blocked.\n' });
    expect(questions).toEqual(['Block 3 devices of p? [y/N] ', 'Block 3 devices of p? [y/N] ']);
    expect(await desk.json('device', 'reset', '--query', 'id = a', '--yes')).toMatchObject({ devices: 1, failed: [] });
    expect(await count('access = blocked')).toBe(2);
  });

  it('are labelled, pinned and forgotten', async () => {
    await desk.json('device', 'label', '--query', 'label:beta', '--add', 'brave', '--yes');
    await desk.json('device', 'label', '--query', 'id = a', '--remove', 'beta', '--yes');
    expect([await count('label:brave'), await count('label:beta')]).toEqual([3, 2]);
    await desk.json('device', 'pin', '1.4.0', '--query', 'label:beta', '--yes');
    expect(await count('pinned = 1.4')).toBe(2);
    await desk.json('device', 'unpin', '--query', 'id = b', '--yes');
    expect(await count('pinned')).toBe(1);
    const { stdout } = await desk.fota(['device', 'forget', '--query', 'pinned', '--yes']);
    expect(stdout).toBe('1 device of p forgotten.\n');
    expect(await count('all')).toBe(2);
    expect((await desk.fota(['device', 'forget', '--query', 'pinned', '--yes'])).stdout).toMatch(/^0 devices of p /);
  });

  it('are not mixed with devices that are named', async () => {
    for (const args of [
      ['allow', 'a', '--query', 'all'],
      ['allow'],
      ['label', 'a'],
      ['pin', 'a'],
      ['forget'],
      ['unpin'],
    ]) {
      expect([args, (await desk.fota(['device', ...args])).code]).toEqual([args, 2]);
    }
  });
});

describe('one device', () => {
  it('is labelled, noted and pinned, and shows it', async () => {
    await desk.json('device', 'note', 'a', 'on the roof');
    await desk.json('device', 'label', 'a', '--add', '北京', '--remove', 'beta');
    const { stdout } = await desk.fota(['device', 'pin', 'a', '1.3.0', '--downgrade']);
    expect(stdout).toMatch(/^labels +北京$/m);
    expect(stdout).toMatch(/^note +on the roof$/m);
    expect(stdout).toMatch(/^pinned +1\.3\.0, also by a downgrade$/m);
    expect(await desk.json('device', 'unpin', 'a')).not.toHaveProperty('pin');
    expect((await desk.fota(['device', 'label', 'a', 'b', '--add', 'x'])).stdout).toBe('2 devices changed.\n');
    expect(await desk.fota(['device', 'label', 'a', '--add', 'two words'])).toMatchObject({ code: 1 });
  });
});
