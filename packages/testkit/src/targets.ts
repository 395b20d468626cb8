/**
 * What every `Target` and every `Notebook` must do, whatever they are made of: run these suites against each adapter.
 * They know nothing of a test runner but a function that takes a name and a test.
 */
import assert from 'node:assert/strict';
import type { Kept, Notebook, Target } from 'libfota2/core';
import { makeImage } from './images.ts';

/** `it` of vitest, or of any other runner. */
export type It = (name: string, test: () => Promise<void>) => void;

/** A fresh, empty place. */
export interface PlaceUnderTest {
  readonly target: Target;
  /** What a user finds at the place now. */
  shown(): Promise<Uint8Array | undefined>;
  /** The same place for a process that starts after this one has gone. */
  again(): Target;
}

const IMAGE = makeImage(7, 100_000);
const OTHER = makeImage(8, 60_000);
const HALF = 40_000;

async function bring(target: Target, image: Uint8Array, from = 0): Promise<void> {
  for (let at = from; at < image.length; at += 16_384) await target.write(image.subarray(at, at + 16_384));
}

async function put(target: Target, image: Uint8Array): Promise<string> {
  assert.equal(await target.init(image.length, undefined), 0);
  await target.wait();
  await bring(target, image);
  await target.done();
  return target.finish(true);
}

/** Brings the first half, marks it, and lets go. */
async function leaveHalf(target: Target): Promise<Kept> {
  await target.init(IMAGE.length, undefined);
  await target.wait();
  await bring(target, IMAGE.subarray(0, HALF));
  const kept = await target.mark();
  assert.equal(kept.bytes, HALF);
  return kept;
}

async function goOn(target: Target, kept: Kept): Promise<void> {
  assert.equal(await target.init(IMAGE.length, kept), HALF);
  await target.wait();
  assert.ok((await readAll(target, HALF)).equals(IMAGE.subarray(0, HALF)), 'what was kept is what was written');
  await bring(target, IMAGE, HALF);
  await target.done();
  await target.finish(true);
}

async function readAll(target: Target, bytes: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of target.read(bytes)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

async function assertShown(place: PlaceUnderTest, image: Uint8Array | undefined): Promise<void> {
  const shown = await place.shown();
  if (image === undefined) assert.equal(shown, undefined, 'the place must be empty');
  else assert.ok(shown !== undefined && Buffer.from(shown).equals(image), 'the place shows another image');
  assert.equal(await place.again().size(), image?.length);
}

/** The conformance suite of the port `Target`. `make` is called once a test. */
export function testTarget(it: It, make: () => Promise<PlaceUnderTest>): void {
  const test = (name: string, work: (place: PlaceUnderTest) => Promise<void>): void => {
    it(name, async () => work(await make()));
  };

  test('an empty place has no size and a name', async (place) => {
    assert.notEqual(place.target.place, '');
    assert.equal(place.again().place, place.target.place);
    await assertShown(place, undefined);
  });

  test('an image shows only at finish(true), and then all of it', async (place) => {
    const { target } = place;
    await target.init(IMAGE.length, undefined);
    await target.wait();
    await bring(target, IMAGE);
    await assertShown(place, undefined);
    await target.done();
    await assertShown(place, undefined);
    assert.notEqual(await target.finish(true), '');
    await assertShown(place, IMAGE);
  });

  test('an image of unknown size is taken too', async (place) => {
    const { target } = place;
    await target.init(undefined, undefined);
    await target.wait();
    await bring(target, IMAGE);
    await target.done();
    await target.finish(true);
    await assertShown(place, IMAGE);
  });

  test('an array may be used again once its write has resolved', async (place) => {
    const { target } = place;
    const array = new Uint8Array(1_000);
    await target.init(3_000, undefined);
    for (const value of [1, 2, 3]) await target.write(array.fill(value));
    await target.done();
    await target.finish(true);
    await assertShown(place, Buffer.concat([1, 2, 3].map((value) => Buffer.alloc(1_000, value))));
  });

  test('a new image replaces the old one, also a longer one, and only at finish(true)', async (place) => {
    await put(place.target, IMAGE);
    await place.target.init(OTHER.length, undefined);
    await bring(place.target, OTHER);
    await place.target.done();
    await assertShown(place, IMAGE);
    await place.target.finish(true);
    await assertShown(place, OTHER);
  });

  test('finish(false) leaves the old image and drops the new one for good', async (place) => {
    await put(place.target, OTHER);
    const kept = await leaveHalf(place.target);
    await place.target.finish(false);
    await assertShown(place, OTHER);
    assert.equal(await place.again().init(IMAGE.length, kept), 0);
  });

  test('what was marked is there after suspend, for the same process', async (place) => {
    const kept = await leaveHalf(place.target);
    await place.target.suspend();
    await assertShown(place, undefined);
    await goOn(place.target, kept);
    await assertShown(place, IMAGE);
  });

  test('what was marked is there after suspend, for a later process', async (place) => {
    const kept = await leaveHalf(place.target);
    await place.target.suspend();
    await goOn(place.again(), kept);
    await assertShown(place, IMAGE);
  });

  test('what was written after the mark is not counted', async (place) => {
    const kept = await leaveHalf(place.target);
    await place.target.write(OTHER.subarray(0, 1_000));
    await place.target.suspend();
    await goOn(place.target, kept);
    await assertShown(place, IMAGE);
  });

  test('the latest mark counts, and marking ends nothing', async (place) => {
    await leaveHalf(place.target);
    await bring(place.target, IMAGE.subarray(0, HALF + 10), HALF);
    const later = await place.target.mark();
    assert.equal(later.bytes, HALF + 10);
    await place.target.suspend();
    assert.equal(await place.target.init(IMAGE.length, later), HALF + 10);
    await bring(place.target, IMAGE, HALF + 10);
    await place.target.done();
    await place.target.finish(true);
    await assertShown(place, IMAGE);
  });

  test('an image can be continued more than once', async (place) => {
    const first = await leaveHalf(place.target);
    await place.target.suspend();
    await place.target.init(IMAGE.length, first);
    await bring(place.target, IMAGE.subarray(0, HALF + 10), HALF);
    const second = await place.target.mark();
    await place.target.suspend();
    const last = place.again();
    assert.equal(await last.init(IMAGE.length, second), HALF + 10);
    assert.ok((await readAll(last, HALF + 10)).equals(IMAGE.subarray(0, HALF + 10)));
    await bring(last, IMAGE, HALF + 10);
    await last.done();
    await last.finish(true);
    await assertShown(place, IMAGE);
  });

  test('two that go on with the same part never write into each other', async (place) => {
    const kept = await leaveHalf(place.target);
    await place.target.suspend();
    const [first, second] = [place.again(), place.again()];
    assert.equal(await first.init(IMAGE.length, kept), HALF);
    assert.equal(await second.init(IMAGE.length, kept), HALF);
    await bring(second, IMAGE.subarray(HALF));
    await second.done();
    await second.finish(true);
    // Another target of this process may have cleared it away, which is a failure; another image is not one but a lie.
    await first.write(OTHER.subarray(0, HALF)).catch(() => undefined);
    await assertShown(place, IMAGE);
  });

  test('a continued image can be dropped, and what was kept stays until it is forgotten', async (place) => {
    await put(place.target, OTHER);
    const kept = await leaveHalf(place.target);
    await place.target.suspend();
    assert.equal(await place.target.init(IMAGE.length, kept), HALF);
    await place.target.finish(false);
    await assertShown(place, OTHER);
    assert.equal(await place.target.init(IMAGE.length, kept), HALF);
    await place.target.finish(false);
    await place.target.forget(kept);
    assert.equal(await place.target.init(IMAGE.length, kept), 0);
  });

  for (const token of ['', 'unknown', '../elsewhere', '/', '.', 'a\0b']) {
    test(`the token ${JSON.stringify(token)} leads to nothing kept`, async (place) => {
      await put(place.target, OTHER);
      assert.equal(await place.target.init(IMAGE.length, { token, bytes: 10 }), 0);
      await bring(place.target, IMAGE);
      await place.target.done();
      await place.target.finish(true);
      await assertShown(place, IMAGE);
    });
  }

  test('what is forgotten is gone, and the old image stays', async (place) => {
    await put(place.target, OTHER);
    const kept = await leaveHalf(place.target);
    await place.target.suspend();
    await place.target.forget(kept);
    await place.target.forget(kept);
    await assertShown(place, OTHER);
    assert.equal(await place.target.init(IMAGE.length, kept), 0);
    await place.target.finish(false);
  });

  test('more bytes than were kept are not promised, and the place still takes a whole image', async (place) => {
    const kept = await leaveHalf(place.target);
    await place.target.suspend();
    assert.equal(await place.target.init(IMAGE.length, { ...kept, bytes: HALF + 1 }), 0);
    await bring(place.target, IMAGE);
    await place.target.done();
    await place.target.finish(true);
    await assertShown(place, IMAGE);
  });

  test('nothing can be written, marked or finished without init', async (place) => {
    const { target } = place;
    await assert.rejects(async () => target.write(OTHER));
    await assert.rejects(async () => target.mark());
    await assert.rejects(async () => target.done());
    await assert.rejects(async () => target.finish(true));
    await assertShown(place, undefined);
  });

  test('an image is finished once', async (place) => {
    await put(place.target, IMAGE);
    await assert.rejects(async () => place.target.write(OTHER));
    await assert.rejects(async () => place.target.finish(true));
    await place.target.finish(false);
    await assertShown(place, IMAGE);
  });

  test('suspend and finish(false) are harmless when nothing is open', async (place) => {
    await place.target.suspend();
    await place.target.finish(false);
    await place.target.suspend();
    await put(place.target, IMAGE);
    await assertShown(place, IMAGE);
  });
}

/** The conformance suite of the port `Notebook`. `make` gives an empty one, and the same one for a later process. */
export function testNotebook(it: It, make: () => Promise<{ readonly notebook: Notebook; again(): Notebook }>): void {
  it('an empty notebook holds nothing', async () => {
    assert.equal(await (await make()).notebook.load(), undefined);
  });

  it('a text is there for the same and for a later process, letter by letter', async () => {
    const { notebook, again } = await make();
    const text = '{"note": "第二版 ✓"}\n';
    await notebook.save(text);
    assert.equal(await notebook.load(), text);
    assert.equal(await again().load(), text);
  });

  it('a shorter text replaces a longer one as a whole', async () => {
    const { notebook, again } = await make();
    await notebook.save('long '.repeat(10_000));
    await notebook.save('short');
    assert.equal(await again().load(), 'short');
  });
}
