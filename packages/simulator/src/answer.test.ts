import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunks, head } from '../test/hostile.ts';
import { type AnswerHead, framingOf, parseHead, takeBody } from './answer.ts';

const sized: AnswerHead = { statusLine: '', status: 200, length: 0, chunked: false };

/** The content of a body that comes in pieces of the given sizes, and whether it came to its end. */
function read(answer: AnswerHead, bytes: Buffer, sizes: readonly number[]): { content: Buffer; ended: boolean } {
  const content: Uint8Array[] = [];
  let framing = framingOf(answer);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    const taken = takeBody(framing, bytes.subarray(at, at + size));
    content.push(...taken.content);
    framing = taken.next;
    at += size;
  }
  return { content: Buffer.concat(content), ended: framing.kind === 'ended' };
}

const anySizes = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1 });
const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 40_000 }).map((bytes) => Buffer.from(bytes));

describe('a body', () => {
  it('in chunks is the same however it is cut into reads', () => {
    fc.assert(
      fc.property(anyBytes, anySizes, (body, sizes) => {
        expect(read({ ...sized, chunked: true }, chunks(body), sizes)).toEqual({ content: body, ended: true });
      }),
    );
  });

  it('with a length ends there, whatever follows', () => {
    fc.assert(
      fc.property(anyBytes, anySizes, fc.nat(9), (body, sizes, more) => {
        const all = Buffer.concat([body, Buffer.alloc(more)]);
        expect(read({ ...sized, length: body.length }, all, sizes)).toEqual({ content: body, ended: true });
      }),
    );
  });

  it('without either never ends', () => {
    expect(read({ ...sized, length: undefined }, Buffer.from('abc'), [2])).toEqual({
      content: Buffer.from('abc'),
      ended: false,
    });
  });

  it.each([100, 204, 304])('of %i is empty', (status) => {
    expect(framingOf({ ...sized, status, length: 5 })).toEqual({ kind: 'ended' });
  });

  it('of rubbish never throws, and holds little', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), (bytes) => {
        const { next } = takeBody({ kind: 'chunked', left: 0, line: '' }, bytes);
        expect(JSON.stringify(next).length).toBeLessThan(600);
      }),
    );
  });
});

describe('a head', () => {
  it.each([
    ['Content-Length: 7', 7],
    ['content-length: 7', 7],
    ['Content-Length:7', undefined],
    ['Content-Length:  7', undefined],
    ['X-Content-Length: 7', undefined],
  ])('with %s has the length %s', (line, length) => {
    expect(parseHead(head('200 OK', 'A: b', line))).toMatchObject({ status: 200, length, chunked: false });
  });

  it('tells whether its body is chunked', () => {
    expect(parseHead(head('200 OK', 'Transfer-Encoding: chunked'))).toMatchObject({ chunked: true, length: undefined });
  });
});
