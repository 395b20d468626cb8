import assert from 'node:assert/strict';
import type { BootChoice, BootRecord } from 'libfota2/slots';
import type { It } from './targets.ts';

/** Where nothing was chosen yet. */
export interface BootChoiceUnderTest {
  readonly choice: BootChoice;
  /** The same for a process that starts after this one has gone. */
  again(): BootChoice;
}

const FIRST: BootRecord = { generation: 1, run: 'a', back: undefined, tries: 0, minutes: 0, fell: undefined };
/** A life: installed, tried, counted, confirmed, tried again, given up, and at last what is largest. */
const LIFE: readonly BootRecord[] = [
  FIRST,
  { ...FIRST, generation: 2, run: 'b', back: 'a', tries: 3, minutes: 10 },
  { ...FIRST, generation: 3, run: 'b', back: 'a', tries: 2, minutes: 10 },
  { ...FIRST, generation: 4, run: 'b' },
  { ...FIRST, generation: 5, run: 'a', back: 'b', tries: 1 },
  { ...FIRST, generation: 6, run: 'a', back: 'b', tries: 0 },
  { ...FIRST, generation: 7, run: 'b', fell: 'a' },
  { generation: 99_999_999, run: 'a', back: 'b', tries: 9, minutes: 9_999, fell: 'b' },
];

/** The conformance suite of the port `BootChoice`. `make` is called once a test. */
export function testBootChoice(it: It, make: () => Promise<BootChoiceUnderTest>): void {
  it('nothing is chosen at first', async () => {
    const { choice, again } = await make();
    assert.equal(await choice.load(), undefined);
    assert.equal(await again().load(), undefined);
  });

  it('what was saved last is there for the same and for a later process', async () => {
    const { choice, again } = await make();
    for (const record of LIFE) {
      await choice.save(record);
      assert.deepEqual(await choice.load(), record);
      assert.deepEqual(await again().load(), record);
    }
  });

  it('two processes save in turn', async () => {
    const { choice, again } = await make();
    const other = again();
    for (const [index, record] of LIFE.entries()) {
      await (index % 2 === 0 ? choice : other).save(record);
      assert.deepEqual(await choice.load(), record);
      assert.deepEqual(await other.load(), record);
    }
  });
}
