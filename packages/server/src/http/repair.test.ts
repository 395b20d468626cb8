import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repaired } from './repair.ts';

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
