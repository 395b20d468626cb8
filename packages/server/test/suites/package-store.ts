import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { PackageStore } from '../../src/ports.ts';

/** What a test runner gives: vitest's `it`. */
type It = (name: string, test: () => Promise<void>) => void;

/** A store and the means to spoil what it keeps. */
export interface StoreUnderTest {
  readonly store: PackageStore;
  /** Replaces the stored bytes of a package, or takes them away. */
  spoil(sha256: string, bytes: Uint8Array | undefined): Promise<void>;
}

export async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  // A piece is gone once the next is asked for.
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** What every `PackageStore` owes to the use cases and to the device side. */
export function testPackageStore(it: It, make: () => Promise<StoreUnderTest>): void {
  const test = (name: string, work: (under: StoreUnderTest) => Promise<void>): void => {
    it(name, async () => work(await make()));
  };

  test('the same bytes are kept once, however they are cut, under their hash and size', async ({ store }) => {
    const bytes = randomBytes(200_000);
    const stored = await store.put([bytes.subarray(0, 7), bytes.subarray(7)]);
    assert.deepEqual(stored, { sha256: sha256Of(bytes), size: bytes.length });
    assert.deepEqual(await store.put([bytes]), stored);
  });

  test('the whole and any part of it come back, again and again', async ({ store }) => {
    const bytes = randomBytes(200_000);
    const stored = await store.put([bytes]);
    const parts = [
      [0, 199_999],
      [0, 0],
      [199_999, 199_999],
      [10, 150_000],
      [70_000, 70_001],
    ] as const;
    for (const [first, last] of parts) {
      const part = bytes.subarray(first, last + 1);
      const opened = await store.open(stored);
      if (opened.slice !== undefined) assert.ok(part.equals(opened.slice(first, last)));
      assert.ok((await collect(opened.read(first, last))).equals(part));
      await opened.close();
    }
  });

  test('many read at a time', async ({ store }) => {
    const packages = await Promise.all(
      [30_000, 100_000, 300_000].map(async (size) => {
        const bytes = randomBytes(size);
        return { bytes, stored: await store.put([bytes]) };
      }),
    );
    const reads = Array.from({ length: 10 }, (_, first) =>
      packages.map(async ({ bytes, stored }) => {
        const opened = await store.open(stored);
        const rest = await collect(opened.read(first, stored.size - 1));
        assert.ok(rest.equals(bytes.subarray(first)));
      }),
    );
    await Promise.all(reads.flat());
  });

  test('a check sees the whole before it is kept, and what it throws leaves nothing', async ({ store }) => {
    const bytes = randomBytes(100_000);
    const refused = store.put([bytes.subarray(0, 9), bytes.subarray(9)], async (source) => {
      assert.equal(source.size, bytes.length);
      assert.ok(bytes.subarray(7, 70_007).equals(await source.read(7, 70_000)));
      throw new Error('not this one');
    });
    await assert.rejects(refused, { message: 'not this one' });
    const wanted = { sha256: sha256Of(bytes), size: bytes.length };
    await assert.rejects(store.open(wanted), { code: 'package-damaged' });
    assert.deepEqual(await store.put([bytes], async () => undefined), wanted);
  });

  test('a package without bytes is refused, and nothing is kept of one that breaks off', async ({ store }) => {
    await assert.rejects(store.put([]), { code: 'package-empty' });
    const bytes = randomBytes(1_000);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw new Error('the line is dead');
    }
    await assert.rejects(store.put(broken()), { message: 'the line is dead' });
    await assert.rejects(store.open({ sha256: sha256Of(bytes), size: bytes.length }), { code: 'package-damaged' });
  });

  const damages: ReadonlyArray<readonly [string, (bytes: Buffer) => Uint8Array | undefined]> = [
    ['is gone', () => undefined],
    ['was cut', (bytes) => bytes.subarray(0, -1)],
    ['has grown', (bytes) => Buffer.concat([bytes, Buffer.from('x')])],
    ['holds other bytes', (bytes) => randomBytes(bytes.length)],
  ];
  for (const [how, damage] of damages) {
    test(`a package that ${how} is not opened until it is whole again`, async ({ store, spoil }) => {
      const bytes = randomBytes(5_000);
      const stored = await store.put([bytes]);
      await spoil(stored.sha256, damage(bytes));
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await assert.rejects(store.open(stored), { code: 'package-damaged' });
      }
      await spoil(stored.sha256, bytes);
      const opened = await store.open(stored);
      assert.ok((await collect(opened.read(0, 4_999))).equals(bytes));
    });
  }

  test('closing more than once does no harm', async ({ store }) => {
    const opened = await store.open(await store.put([randomBytes(10)]));
    await opened.close();
    await opened.close();
  });
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
