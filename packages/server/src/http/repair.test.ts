import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFirstLine, repaired } from './repair.ts';

const repair = (line: string): string => repaired(Buffer.from(line)).toString('latin1');

describe('a request line', () => {
  it('is left alone when nothing in it is illegal', () => {
    const line = Buffer.from('GET /up?a=%41&b=1#x"<>^`{|} HTTP/1.1');
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
  /** What goes on to the parser of what a client sends, a piece in a segment of its own. */
  function goesOn(
    pieces: readonly string[],
    isEnded = true,
  ): Array<{ readonly bytes: string; readonly ended: boolean }> {
    const socket = new EventEmitter();
    const told: Array<{ bytes: string; ended: boolean }> = [];
    readFirstLine(socket as Socket, 40, {
      held: () => undefined,
      line: (bytes, ended) => told.push({ bytes: bytes.toString('latin1'), ended }),
    });
    for (const piece of pieces) socket.emit('data', Buffer.from(piece));
    if (isEnded) socket.emit('end');
    expect(socket.listenerCount('data')).toBe(told.length === 0 ? 1 : 0);
    return told;
  }

  it('goes on once its line is whole, with all that came behind it, however it was cut', () => {
    const request = 'GET /a b HTTP/1.1\r\nHost: h\r\n\r\nbody';
    for (let at = 0; at < request.length; at += 1) {
      const told = goesOn([request.slice(0, at), request.slice(at)]);
      expect(told).toHaveLength(1);
      expect('GET /a%20b HTTP/1.1\r\nHost: h\r\n\r\nbody').toContain(told[0]?.bytes);
      expect(told[0]?.ended).toBe(false);
    }
  });

  it.each(['\x16\x03\x01', '\0', 'get ', '{"', 'ABCDEFGHIJKLMNOPQ'])('is not waited for when it is %j', (piece) => {
    expect(goesOn([piece], false)).toEqual([{ bytes: piece, ended: false }]);
  });

  it('is waited for behind empty lines, which do not go on', () => {
    expect(goesOn(['\r\n\r', '\n\n', 'GET /a b HTTP/1.1\r\n'])).toEqual([
      { bytes: 'GET /a%20b HTTP/1.1\r\n', ended: false },
    ]);
    expect(goesOn(['\r\n', '\n'])).toEqual([{ bytes: '', ended: true }]);
  });

  it('goes on as it is when it is too long, or ends too early', () => {
    expect(goesOn(['GET /', 'x'.repeat(40)])).toEqual([{ bytes: `GET /${'x'.repeat(40)}`, ended: false }]);
    expect(goesOn(['GET /a', 'b'])).toEqual([{ bytes: 'GET /ab', ended: true }]);
    expect(goesOn([])).toEqual([{ bytes: '', ended: true }]);
    expect(goesOn(['GET /a', 'b'], false)).toEqual([]);
  });
});
