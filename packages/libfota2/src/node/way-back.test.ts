/** What is being written is never what runs, nor what either copy of the record leads to: folders and partitions alike. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeImage, makeTar } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseBootRecord } from '../core/boot-record.ts';
import { type ApplicationSlots, applicationSlots, bootFiles, launcherPath, partitionSlots } from '../slots.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fota back '));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function bring({ target }: ApplicationSlots, image: Uint8Array): Promise<void> {
  await target.init(image.length, undefined);
  await target.write(image);
  await target.done();
}

/** Resolves to the code of what it ends with. */
async function install(slots: ApplicationSlots, image: Uint8Array): Promise<unknown> {
  try {
    await bring(slots, image);
    await slots.target.finish(true);
    return 'fine';
  } catch (error) {
    await slots.target.finish(false);
    return (error as { readonly code?: unknown }).code ?? (error as Error).message;
  }
}

/** What the version says that a supervisor starts now. */
const start = (): string =>
  execFileSync('sh', [launcherPath, dir, 'sh', './app'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
const version = (number: number): Promise<Buffer> => makeTar([{ name: 'app', body: `echo ${number} in $FOTA_SLOT\n` }]);
const copies = (): Promise<readonly string[]> =>
  Promise.all([0, 1].map((number) => readFile(join(dir, `boot.${number}`), 'latin1')));
const claim = (): string => join(dir, 'update.bin.writing');

/** 2 runs from b, confirmed, and 1 lies in a. */
async function withTwo(): Promise<ApplicationSlots> {
  const slots = applicationSlots(dir);
  for (const number of [1, 2]) {
    expect(await install(slots, await version(number))).toBe('fine');
    start();
    await slots.confirm();
  }
  return slots;
}

describe('an application whose agent installs', () => {
  it('is not overwritten while it runs, though it was given up, and what was never started is not confirmed', async () => {
    const slots = applicationSlots(dir);
    await install(slots, await version(1));
    start();
    await install(slots, await version(2));
    start();
    expect(await slots.standing()).toMatchObject({ isTried: true, isStarted: true });
    expect(await slots.giveUp()).toBe(true);
    expect(await slots.standing()).toMatchObject({ isTried: false, isStarted: false });
    expect(await install(slots, await version(3))).toBe('unconfirmed');
    expect(start()).toBe('1 in a');
    expect(await install(slots, await version(3))).toBe('fine');
    expect(await slots.standing()).toMatchObject({ isTried: true, isStarted: false });
    expect(await slots.confirm()).toBe(false);
    expect(start()).toBe('3 in b');
    expect(await slots.standing()).toMatchObject({ isTried: true, isStarted: true });
    expect(await slots.confirm()).toBe(true);
  });

  it('is not taken for another one where that cannot be told', async () => {
    await withTwo();
    const readlink = async () => Promise.reject(Object.assign(new Error('worn out'), { code: 'EIO' }));
    const slots = applicationSlots(dir, {}, { ...fs, readlink } as unknown as typeof fs);
    await expect(slots.standing()).rejects.toThrow('worn out');
    await expect(slots.confirm()).rejects.toThrow('worn out');
    expect(await install(slots, await version(3))).toBe('EIO');
  });

  it('is not emptied where another installation has come first', async () => {
    await withTwo();
    // Between the question which slot is free and its emptying, as by another process.
    let isArmed = false;
    const statfs = async (path: string) => {
      const record = await bootFiles(dir).load();
      if (isArmed && record !== undefined) {
        await bootFiles(dir).save({ ...record, generation: record.generation + 1, run: 'a' });
      }
      return fs.statfs(path);
    };
    const slots = applicationSlots(dir, {}, { ...fs, statfs } as unknown as typeof fs);
    const image = await version(3);
    await slots.target.init(image.length, undefined);
    await slots.target.write(image);
    isArmed = true;
    await expect(slots.target.done()).rejects.toThrow('still does');
    await slots.target.finish(false);
    expect(existsSync(join(dir, 'slots/b/app'))).toBe(true);
    expect(start()).toBe('1 in a');
  });

  it('has one writer: another process waits its turn, and what was taken over is not shown', async () => {
    const slots = await withTwo();
    await bring(slots, await version(3));
    const text = await readFile(claim(), 'utf8');
    // A process that lives, in this boot of the machine.
    await writeFile(claim(), text.replace(`.${process.pid}-`, `.${process.ppid}-`));
    expect(await install(applicationSlots(dir), await version(4))).toBe('unconfirmed');
    expect(await readFile(join(dir, 'slots/a/app'), 'utf8')).toContain('echo 3');
    await expect(slots.target.finish(true)).rejects.toThrow('has taken over');
    await slots.target.finish(false);
    expect(await readFile(claim(), 'utf8')).toContain(`.${process.ppid}-`);
    // One that is gone is in nobody's way.
    await writeFile(claim(), text.replace(`.${process.pid}-`, '.999999999-'));
    expect(await install(slots, await version(4))).toBe('fine');
    expect(await readFile(claim(), 'utf8')).toBe('slot a\nwriter -\nend\n');
    expect(start()).toBe('4 in a');
  });

  it('lets others install after an installation that came to nothing, and after one that was put off', async () => {
    const slots = await withTwo();
    await bring(slots, await version(3));
    await slots.target.suspend();
    expect(await readFile(claim(), 'utf8')).toContain('writer -\n');
    expect(await install(slots, await makeTar([{ name: 'app', type: 'symlink', linkname: '/bin/true' }]))).toBe(
      'image-refused',
    );
    expect(await readFile(claim(), 'utf8')).toContain('writer -\n');
  });

  it('may leave links in its slot, also such that go round', async () => {
    const slots = await withTwo();
    for (const name of ['x', 'y']) await fs.symlink('.', join(dir, 'slots/a', name));
    expect(await install(slots, await version(3))).toBe('fine');
  });
});

describe.each(['newer', 'older'])('where the %s copy of the record rots', (which) => {
  const rot = async (): Promise<void> => {
    const [first = 0, second = 0] = (await copies()).map((text) => parseBootRecord(text)?.generation ?? 0);
    const path = join(dir, `boot.${first > second === (which === 'newer') ? 0 : 1}`);
    const bytes = await readFile(path);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    await writeFile(path, bytes);
  };

  it('nothing leads to an application that is half there', async () => {
    const slots = await withTwo();
    await bring(slots, await version(3));
    await slots.target.suspend();
    await rm(join(dir, 'slots/a/app'));
    await rot();
    for (let n = 0; n < 5; n += 1) expect(start()).toBe('2 in b');
  });

  it('nothing leads to a partition that is half written', async () => {
    for (const name of ['a.img', 'b.img']) await writeFile(join(dir, name), Buffer.alloc(20_000));
    const slots = partitionSlots({ a: join(dir, 'a.img'), b: join(dir, 'b.img'), dir });
    for (const number of [1, 2]) {
      expect(await install(slots, makeImage(number, 10_000))).toBe('fine');
      await slots.confirm();
    }
    await slots.target.init(10_000, undefined);
    await slots.target.write(new Uint8Array(5_000));
    await rot();
    expect(await slots.state()).toMatchObject({ run: 'b', back: undefined });
    await slots.target.suspend();
  });
});

describe.each(['folders', 'partitions'])('an image in %s', (kind) => {
  const slotsOf = async (): Promise<ApplicationSlots> => {
    if (kind === 'folders') return applicationSlots(dir);
    for (const name of ['a.img', 'b.img']) await writeFile(join(dir, name), Buffer.alloc(20_000));
    return partitionSlots({ a: join(dir, 'a.img'), b: join(dir, 'b.img'), dir });
  };

  it('that was given up is not taken again, also after others were', async () => {
    const slots = await slotsOf();
    await install(slots, await version(1));
    const fallen = [2, 3, 4, 5];
    for (const number of fallen) {
      expect(await install(slots, await version(number))).toBe('fine');
      expect(await slots.giveUp()).toBe(true);
    }
    for (const number of [6, 7, 8]) {
      for (const one of fallen) expect(await install(slots, await version(one))).toBe('image-given-up');
      expect(await install(slots, await version(number))).toBe('fine');
      await slots.confirm();
    }
  });

  it('that runs already is not installed, and nothing changes', async () => {
    const slots = await slotsOf();
    await install(slots, await version(1));
    expect(await install(slots, await version(1))).toBe('image-runs');
    expect(await slots.state()).toMatchObject({ run: 'a', back: undefined });
    // It is what is to run, though something else was tried in between.
    await install(slots, await version(2));
    await slots.giveUp();
    expect(await install(slots, await version(1))).toBe('image-runs');
    expect(await slots.state()).toMatchObject({ run: 'a', fell: 'b' });
  });
});
