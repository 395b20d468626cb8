import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../test/folder.ts';
import { from, inspection, OWNER, uploadWorlds } from '../../test/uploads.ts';
import { openDiskPackages } from '../adapters/disk/packages.ts';
import { FotaServerError } from '../domain/errors.ts';

const folder = folders(onTestFinished);
const world = uploadWorlds(folder);
const DAY_MS = 24 * 3_600_000;
const bytes = randomBytes(300_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');

describe('an upload', () => {
  it('becomes a package with its last byte, and can be asked for again until it expires', async () => {
    const { opened, clock, stored } = await world();
    const uploads = await opened();
    const { id, ...begun } = await uploads.create({ owner: OWNER, fileName: 'app.bin', size: bytes.length, sha256 });
    expect(begun).toMatchObject({ offset: 0, fileName: 'app.bin', taken: undefined, expiresAt: clock.now + DAY_MS });
    expect(() => uploads.intake(id)).toThrow(expect.objectContaining({ code: 'upload-incomplete' }));
    expect(await uploads.append(id, 0, from(bytes.subarray(0, 9)))).toMatchObject({ offset: 9, taken: undefined });
    const complete = await uploads.append(id, 9, from(bytes.subarray(9, 70_000), bytes.subarray(70_000)));
    expect(complete).toMatchObject({ offset: bytes.length, taken: { sha256, size: bytes.length, inspection } });
    expect(await stored()).toEqual([sha256]);
    expect(await uploads.append(id, bytes.length, from())).toEqual(complete);
    expect((await opened()).intake(id)).toEqual({ sha256, size: bytes.length, inspection, fileName: 'app.bin' });
    clock.now += DAY_MS;
    await expect(uploads.upload(id)).rejects.toMatchObject({ code: 'upload-unknown' });
  });

  it('whose connection is cut keeps what came, and goes on after a restart', async () => {
    const { opened } = await world();
    const uploads = await opened();
    const { id } = await uploads.create({ owner: OWNER, size: bytes.length, sha256 });
    const line = new PassThrough();
    const cut = uploads.append(id, 0, line);
    line.write(bytes.subarray(0, 1_000));
    await expect.poll(async () => (await uploads.upload(id)).offset).toBe(1_000);
    line.destroy(new Error('the line is dead'));
    await expect(cut).rejects.toThrow('the line is dead');
    await uploads.close();
    const again = await opened();
    expect(await again.upload(id)).toMatchObject({ offset: 1_000 });
    expect(await again.append(id, 1_000, from(bytes.subarray(1_000)))).toMatchObject({ taken: { sha256 } });
  });

  it('is told where it stands when the bytes go on elsewhere', async () => {
    const uploads = await (await world()).opened();
    const { id } = await uploads.create({ owner: OWNER, size: bytes.length });
    await uploads.append(id, 0, from(bytes.subarray(0, 5)));
    for (const sent of [0, 4, 6, bytes.length]) {
      await expect(uploads.append(id, sent, from(bytes))).rejects.toMatchObject({
        code: 'upload-offset',
        facts: { offset: 5 },
      });
    }
    expect(await uploads.upload(id)).toMatchObject({ offset: 5 });
  });

  it('has one writer: the later one ends the earlier, and however many come, every byte lands once', async () => {
    const uploads = await (await world()).opened();
    const { id } = await uploads.create({ owner: OWNER, size: bytes.length, sha256 });
    const first = new PassThrough();
    const ended = uploads.append(id, 0, first);
    first.write(bytes.subarray(0, 7));
    await expect.poll(async () => (await uploads.upload(id)).offset).toBe(7);
    const others = [7, 7, 7, 7].map((offset) => uploads.append(id, offset, from(bytes.subarray(7))));
    await expect(ended).rejects.toMatchObject({ code: 'upload-superseded' });
    expect(first.destroyed).toBe(true);
    const outcomes = await Promise.allSettled(others);
    const won = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(won.length).toBeGreaterThan(0);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason.code).toMatch(/^upload-(?:superseded|offset)$/);
    }
    expect(uploads.intake(id)).toMatchObject({ sha256 });
  });

  it('that is being made a package answers a client that lost its connection with the same', async () => {
    const packages = await openDiskPackages(await folder());
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const reached = new PassThrough();
    const { opened } = await world({
      takeIn: async (incoming, fileName = '') => {
        reached.end('now');
        await gate;
        return { ...(await packages.put(incoming)), fileName, inspection };
      },
    });
    const uploads = await opened();
    const { id } = await uploads.create({ owner: OWNER, size: bytes.length });
    const first = uploads.append(id, 0, from(bytes));
    await once(reached, 'readable');
    const second = uploads.append(id, bytes.length, from());
    const wrong = uploads.append(id, 3, from(bytes));
    open();
    expect(await second).toEqual(await first);
    await expect(wrong).rejects.toMatchObject({
      code: 'upload-offset',
      facts: { offset: bytes.length },
    });
  });

  it.each([
    ['other bytes than announced', 'upload-digest', { sha256: 'f'.repeat(64) }, {}],
    [
      'a corrupt package',
      'package-corrupt',
      {},
      { takeIn: () => Promise.reject(new FotaServerError('package-corrupt', 'the CRC does not agree')) },
    ],
  ])('of %s is refused and dropped: %s', async (_what, code, wanted, ports) => {
    const { opened, dir, stored } = await world(ports);
    const uploads = await opened();
    const { id } = await uploads.create({ owner: OWNER, size: bytes.length, ...wanted });
    await expect(uploads.append(id, 0, from(bytes))).rejects.toMatchObject({ code });
    await expect(uploads.upload(id)).rejects.toMatchObject({ code: 'upload-unknown' });
    expect(await readdir(join(dir, 'uploads'))).toEqual([]);
    expect(await stored()).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')(
    'on a full disk keeps what came, and goes on when there is room',
    async () => {
      const { opened, dir } = await world();
      const uploads = await opened();
      const { id } = await uploads.create({ owner: OWNER, size: bytes.length, sha256 });
      await uploads.append(id, 0, from(bytes.subarray(0, 1_000)));
      const part = join(dir, 'uploads', `${id}.part`);
      await rename(part, `${part}.aside`);
      await symlink('/dev/full', part);
      await expect(uploads.append(id, 0, from(bytes.subarray(1_000)))).rejects.toMatchObject({ code: 'disk-full' });
      await rm(part);
      await rename(`${part}.aside`, part);
      expect(await uploads.append(id, 1_000, from(bytes.subarray(1_000)))).toMatchObject({ taken: { sha256 } });
    },
  );

  it('whose package found no room is completed by asking at its end again', async () => {
    const packages = await openDiskPackages(await folder());
    let isFull = true;
    const { opened } = await world({
      takeIn: async (incoming, fileName = '') => {
        if (isFull) throw new FotaServerError('disk-full', 'no space left');
        return { ...(await packages.put(incoming)), fileName, inspection };
      },
    });
    const uploads = await opened();
    const { id } = await uploads.create({ owner: OWNER, size: bytes.length, sha256 });
    await expect(uploads.append(id, 0, from(bytes))).rejects.toMatchObject({ code: 'disk-full' });
    expect(await uploads.upload(id)).toMatchObject({ offset: bytes.length, taken: undefined });
    isFull = false;
    expect(await uploads.append(id, bytes.length, from())).toMatchObject({ taken: { sha256 } });
  });

  it('with more bytes than announced is refused', async () => {
    const uploads = await (await world()).opened();
    const { id } = await uploads.create({ owner: OWNER, size: 10 });
    await expect(uploads.append(id, 0, from(bytes))).rejects.toMatchObject({ code: 'upload-overrun' });
  });

  it('can be given up, also while it runs', async () => {
    const { opened, dir } = await world();
    const uploads = await opened();
    const { id } = await uploads.create({ owner: OWNER, size: bytes.length });
    const line = new PassThrough();
    const running = uploads.append(id, 0, line);
    const stopped = expect(running).rejects.toMatchObject({ code: 'upload-superseded' });
    await uploads.remove(id);
    await stopped;
    expect(await readdir(join(dir, 'uploads'))).toEqual([]);
    await expect(uploads.remove(id)).rejects.toMatchObject({ code: 'upload-unknown' });
  });
});

describe('uploads', () => {
  it('are bounded in size and number', async () => {
    const uploads = await (await world()).opened();
    await expect(uploads.create({ owner: OWNER, size: 0 })).rejects.toMatchObject({ code: 'package-empty' });
    await expect(uploads.create({ owner: OWNER, size: 1_000_001 })).rejects.toMatchObject({ code: 'upload-too-large' });
    const open = await Promise.all([1, 2, 3].map(() => uploads.create({ owner: OWNER, size: 1_000_000 })));
    await expect(uploads.create({ owner: OWNER, size: 1 })).rejects.toMatchObject({ code: 'uploads-full' });
    await uploads.remove(open[0]?.id ?? '');
    await uploads.create({ owner: OWNER, size: 1 });
  });

  it('expire a day after their last byte, also those of an earlier run', async () => {
    const { opened, clock, due, dir } = await world();
    const uploads = await opened();
    const old = await uploads.create({ owner: OWNER, size: 10 });
    clock.now += DAY_MS / 2;
    const busy = await uploads.create({ owner: OWNER, size: 10 });
    clock.now += DAY_MS / 2 - 1;
    expect(await uploads.upload(old.id)).toMatchObject({ offset: 0 });
    await uploads.append(busy.id, 0, from(Buffer.from('x')));
    clock.now += 1;
    await expect(uploads.upload(old.id)).rejects.toMatchObject({ code: 'upload-unknown' });
    due.shift()?.();
    await expect.poll(() => readdir(join(dir, 'uploads'))).toHaveLength(2);
    clock.now += DAY_MS - 2;
    expect(await uploads.upload(busy.id)).toMatchObject({ offset: 1 });
    clock.now += 1;
    await opened();
    expect(await readdir(join(dir, 'uploads'))).toEqual([]);
  });

  it('end with the server: what is sent is cut, nothing new is taken, what came stays', async () => {
    const { opened, due } = await world();
    const uploads = await opened();
    const { id } = await uploads.create({ owner: OWNER, size: bytes.length, sha256 });
    const line = new PassThrough();
    const cut = expect(uploads.append(id, 0, line)).rejects.toMatchObject({ code: 'closed' });
    line.write(bytes.subarray(0, 9));
    await expect.poll(async () => (await uploads.upload(id)).offset).toBe(9);
    await uploads.close();
    await cut;
    expect(due).toEqual([]);
    await expect(uploads.create({ owner: OWNER, size: 1 })).rejects.toMatchObject({ code: 'closed' });
    await expect(uploads.append(id, 9, from())).rejects.toMatchObject({ code: 'closed' });
    expect(await (await opened()).upload(id)).toMatchObject({ offset: 9 });
  });
});
