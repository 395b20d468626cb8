import { createHash } from 'node:crypto';
import { MemoryDisk } from '@libfota2/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJournal, type Journal, latestEntry, seal, unseal } from './journal.ts';

const digest = (text: string): string => createHash('sha256').update(`test ${text}`).digest('base64');

describe('a sealed text', () => {
  it('is read back as it was, and nothing else is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, garbage) => {
        expect(unseal(seal(text, digest), digest)).toBe(text);
        expect(unseal(garbage, digest)).toBeUndefined();
        expect(unseal(`${seal(text, digest)}!`, digest)).toBeUndefined();
      }),
    );
  });

  it('of another format counts as absent', () => {
    expect(unseal(seal('text', digest), (text) => digest(`2 ${text}`))).toBeUndefined();
  });
});

it('the copy with the highest number is the latest, by value and not by letters', () => {
  const copy = (text: string): string => seal(text, digest);
  expect(latestEntry([copy('9 {"a":9}'), copy('10 {"a":10}')], digest)).toEqual({ number: 10, json: '{"a":10}' });
  expect(latestEntry([copy('9 {"a":9}'), '10 {"a":10}'], digest)).toMatchObject({ number: 9 });
  expect(latestEntry(['', copy('no number')], digest)).toBeUndefined();
});

describe('a journal of two copies', () => {
  const open = (disk: MemoryDisk): Journal<number> => createJournal<number>(disk.place().vault, digest);

  it('is empty at first, and tells the last state that was written ever after', async () => {
    const disk = new MemoryDisk();
    expect(await open(disk).read()).toBeUndefined();
    for (const state of [7, 8, 9]) await open(disk).write(state);
    expect(await open(disk).read()).toBe(9);
  });

  it.each([0, 1] as const)(
    'loses nothing when copy %j is lost, rots, cannot be read or cannot be written',
    async (copy) => {
      const disk = new MemoryDisk();
      await open(disk).write(1);
      for (const rotten of [undefined, '', 'rot', disk.vault[copy]?.replace('1', '2')]) {
        disk.vault[copy] = rotten;
        expect(await open(disk).read()).toBe(1);
      }
      const { vault } = disk.place();
      const fails = async (): Promise<never> => {
        throw new Error('EIO');
      };
      const broken = { load: fails, save: fails };
      const half = createJournal<number>(copy === 0 ? [broken, vault[1]] : [vault[0], broken], digest);
      expect(await half.read()).toBe(1);
      await half.write(2);
      expect(await open(disk).read()).toBe(2);
    },
  );

  it('says that it is damaged where neither copy is whole, and can be written again', async () => {
    const disk = new MemoryDisk();
    await open(disk).write(1);
    disk.vault[0] = disk.vault[1] = 'rot';
    expect(await open(disk).read()).toBe('damaged');
    disk.vault[0] = undefined;
    expect(await open(disk).read()).toBe('damaged');
    await open(disk).write(2);
    expect(await open(disk).read()).toBe(2);
  });

  it('says so where neither can be read or written', async () => {
    const disk = new MemoryDisk();
    disk.fault = (step) => (step === 'recall' ? new Error('cannot be read') : undefined);
    await expect(open(disk).read()).rejects.toThrow('cannot be read');
    disk.fault = (step) => (step === 'keep' ? new Error('cannot be written') : undefined);
    await expect(open(disk).write(1)).rejects.toThrow('cannot be written');
  });

  it('tells the old state or the new one, never another, wherever a write is cut', async () => {
    for (const torn of [true, false]) {
      for (const cut of [1, 2]) {
        const disk = new MemoryDisk();
        await open(disk).write(1);
        let saves = 0;
        const { vault } = disk.place();
        const cutting = vault.map(({ load }, copy) => ({
          load,
          save: async (text: string) => {
            saves += 1;
            if (saves < cut) disk.vault[copy] = text;
            if (saves === cut && torn) disk.vault[copy] = text.slice(0, text.length / 2);
          },
        }));
        await createJournal<number>([cutting[0] ?? vault[0], cutting[1] ?? vault[1]], digest).write(2);
        expect(await open(disk).read(), `cut ${cut}, ${torn}`).toBe(cut === 1 ? 1 : 2);
        await open(disk).write(3);
        expect(await open(disk).read()).toBe(3);
      }
    }
  });
});
