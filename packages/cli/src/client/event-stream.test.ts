import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Frame, framesOf } from './event-stream.ts';

async function read(...pieces: readonly Uint8Array[]): Promise<Frame[]> {
  const frames: Frame[] = [];
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* pieces;
  }
  for await (const frame of framesOf(bytes())) frames.push(frame);
  return frames;
}

const TEXT =
  'retry: 3000\nid: 7\n\n: still here\n\nid: 8\nevent: problem\ndata: {"a":"é合"}\n\ndata: 1\ndata:2\n\nid: 9\nda';
const FRAMES: readonly Frame[] = [
  { id: '7', event: 'message', data: undefined },
  { id: '7', event: 'message', data: undefined },
  { id: '8', event: 'problem', data: '{"a":"é合"}' },
  { id: '8', event: 'message', data: '1\n2' },
];

describe('a stream of events', () => {
  it('is read as far as its frames are whole, however it is cut', async () => {
    const bytes = Buffer.from(TEXT);
    const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 });
    const property = fc.asyncProperty(cuts, async (places) => {
      const ends = [0, ...places.toSorted((a, b) => a - b), bytes.length];
      expect(await read(...ends.slice(1).map((end, i) => bytes.subarray(ends[i], end)))).toEqual(FRAMES);
    });
    await fc.assert(property);
  });

  it('is no such thing where a line does not end', async () => {
    await expect(read(Buffer.alloc(2 << 20, 'x'))).rejects.toThrow('without end');
  });
});
