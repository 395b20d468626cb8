import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFirstLine, repaired } from './repair.ts';

const repair = (line: string): string => repaired(Buffer.from(line).toString('latin1'));

describe('a request line', () => {
  it('is left alone when nothing in it is illegal', () => {
    const line = 'GET /up?a=%41&b=1#x"<>^`{|} HTTP/1.1';
    expect(repaired(line)).toBe(line);
  });

  it('gets what is illegal in its target encoded, byte by byte', () => {
    expect(repair('GET /up?name=测 x HTTP/1.1')).toBe('GET /up?name=%E6%B5%8B%20x HTTP/1.1');
  });

  it.each(['', 'GET /up', 'GET  HTTP/9', 'rubbish with blanks', 'get /a b HTTP/1.1'])(
    'that is none is left alone: %j',
    (line) => {
      expect(repair(line)).toBe(line);
    },
  );

  it('reads back as what was sent, whatever its target holds', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((any) => !/%[0-9a-f]{2}/i.test(any)),
        (text) => {
          const target = `/${text}`;
          const [, found = ''] = /^GET (\S*) HTTP\/1\.1$/.exec(repair(`GET ${target} HTTP/1.1`)) ?? [];
          expect(decodeURIComponent(found)).toBe(target);
        },
      ),
    );
  });
});

describe('the beginning of a connection', () => {
  /** What is told of what a client sends, a piece in a segment of its own. */
  function told(pieces: readonly string[], isEnded = true): readonly (readonly [what: string, bytes: string])[] {
    const socket = new EventEmitter();
    const all: Array<readonly [string, string]> = [];
    let waits = '';
    readFirstLine(socket as Socket, 40, {
      waits: (beginning) => {
        waits = beginning;
      },
      goesOn: (bytes) => all.push(['goes on', bytes.toString('latin1')]),
      ends: (beginning) => all.push(['ends', beginning]),
    });
    for (const piece of pieces) socket.emit('data', Buffer.from(piece));
    if (isEnded) socket.emit('end');
    expect(socket.listenerCount('data')).toBe(all.length === 0 ? 1 : 0);
    return all.length === 0 ? [['waits', waits]] : all;
  }

  it('goes on once its line is whole, with all that came behind it, however it was cut', () => {
    const request = 'GET /a b HTTP/1.1\r\nHost: h\r\n\r\nbody';
    for (let at = 0; at < request.length; at += 1) {
      expect(told([request.slice(0, at), request.slice(at)], false)).toEqual([
        ['goes on', expect.stringMatching(/^GET \/a%20b HTTP\/1\.1\r\n/)],
      ]);
    }
  });

  it.each(['\x16\x03\x01', '\0', 'get ', '{"', 'ABCDEFGHIJKLMNOPQ'])('is not waited for when it is %j', (piece) => {
    expect(told([piece], false)).toEqual([['goes on', piece]]);
  });

  it('is waited for behind empty lines, which do not go on', () => {
    expect(told(['\r\n\r', '\n\n', 'GET /a b HTTP/1.1\r\n'])).toEqual([['goes on', 'GET /a%20b HTTP/1.1\r\n']]);
    expect(told(['\r\n', '\n'])).toEqual([['ends', '']]);
  });

  it('goes on with a bare LF at its end, which is for the parser to judge', () => {
    expect(told(['GET /a b HTTP/1.1\nHost: h\n'], false)).toEqual([['goes on', 'GET /a%20b HTTP/1.1\nHost: h\n']]);
    expect(told(['GET /a\n'], false)).toEqual([['goes on', 'GET /a\n']]);
  });

  it('goes on as it is when it is too long', () => {
    expect(told(['GET /', 'x'.repeat(40)])).toEqual([['goes on', `GET /${'x'.repeat(40)}`]]);
  });

  it('is told of when it is waited for, and when its client ends', () => {
    expect(told(['GET /a', 'b'], false)).toEqual([['waits', 'GET /ab']]);
    expect(told(['GET /a', 'b'])).toEqual([['ends', 'GET /ab']]);
    expect(told([])).toEqual([['ends', '']]);
  });
});
