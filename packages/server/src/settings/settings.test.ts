import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../options.ts';
import { bytes, count, duration, flag, type Kind, list, path, text } from './kinds.ts';
import { OPTIONS, SETTINGS, type Setting } from './table.ts';

const tls = { cert: 'cert.pem', key: 'key.pem' };

describe('a setting', () => {
  it('is in the table for each option that startServer has, and no other', () => {
    const settings = Object.entries(settingsOf({ dataDir: '/d', admin: { tls }, tls }));
    // Commands that work on a folder of their own have no devices, and functions have no words.
    const told = settings.filter(([name, value]) => name !== 'devices' && typeof value !== 'function');
    expect(pathsOf(Object.fromEntries(told)).toSorted()).toEqual(Object.keys(OPTIONS).toSorted());
  });

  it('has a name of its own that is an option, a variable and a bare key of TOML', () => {
    const names = SETTINGS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it('is without anybody saying something that it may be, for programs and for people', () => {
    for (const { name, kind, orElse, bare } of SETTINGS) {
      for (const value of [orElse, bare])
        if (value !== undefined) expect({ name, is: kind.is(value) }).toEqual({ name, is: true });
    }
  });

  it('that is wrong is refused by startServer by the name it has there', () => {
    const wrong = { dataDir: '/d', limits: { maxConnections: 0 } };
    expect(() => settingsOf(wrong)).toThrow('limits.maxConnections must be a whole number from 1 to 2147483647, not 0');
    expect(() => settingsOf({} as never)).toThrow('dataDir must be the path of a folder, not undefined');
    expect(() => settingsOf({ dataDir: '/d', paths: ['/d/x'] })).toThrow('paths must be a list, each of it a path');
  });

  it('of TLS takes a certificate and its key, and http may be false only with it', () => {
    expect(settingsOf({ dataDir: '/d', tls }).tls).toMatchObject({ ...tls, port: 0 });
    expect(() => settingsOf({ dataDir: '/d', tls: { cert: 'cert.pem' } as never })).toThrow('tls.key must be the path');
    expect(() => settingsOf({ dataDir: '/d', http: false })).toThrow('http may be false only with tls');
  });

  it('of an admin side is there only where there is to be one', () => {
    expect(settingsOf({ dataDir: '/d' }).admin).toBeUndefined();
    expect(settingsOf({ dataDir: '/d', admin: { port: 5 } }).admin).toEqual({ host: '127.0.0.1', port: 5 });
  });
});

function pathsOf(value: unknown, before = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [before];
  return Object.entries(value).flatMap(([key, part]) => pathsOf(part, before === '' ? key : `${before}.${key}`));
}

describe('a value', () => {
  it.each<[Kind<unknown>, string, unknown]>([
    [count(0, 9), '7', 7],
    [count(0, 9), '10', undefined],
    [count(0, 9), '1.5', undefined],
    [count(0, 9), '-1', undefined],
    [count(0, 9), '', undefined],
    [bytes(0, 1e12), '65536', 65_536],
    [bytes(0, 1e12), '64MiB', 64 * 1024 ** 2],
    [bytes(0, 1e12), '1.5 kib', 1_536],
    [bytes(0, 1e12), '64MB', undefined],
    [bytes(0, 10), '1KiB', undefined],
    [duration(0, 1e9), '20', 20_000],
    [duration(0, 1e9), '0.1', 100],
    [duration(0, 1e9), '250ms', 250],
    [duration(0, 1e9), '5min', 300_000],
    [duration(0, 1e9), '1.5 h', 5_400_000],
    [duration(0, 1e9), '0.5ms', undefined],
    [duration(0, 1e9), '5 weeks', undefined],
    [text('host', 'a host'), 'localhost', 'localhost'],
    [text('host', 'a host'), '', undefined],
    [flag, 'yes', true],
    [flag, 'off', false],
    [flag, 'maybe', undefined],
    [list(count(0, 9)), '1, 2,3', [1, 2, 3]],
    [list(count(0, 9)), '', []],
    [list(count(0, 9)), '1,x', undefined],
  ])('of kind %# reads %j as %j', (kind, word, value) => {
    expect(kind.parse(word)).toEqual(value);
  });

  it('of another type than the file should have is none', () => {
    for (const value of [true, 1.5, -1, [], {}, new Date(0), 2n ** 70n])
      expect(count(0, 9).read(value)).toBeUndefined();
    expect(count(0, 9).read('7')).toBeUndefined();
    expect(flag.read('true')).toBeUndefined();
    expect(list(path('file')).read('x')).toBeUndefined();
    expect(duration(0, 1e9).read(1.5)).toBe(1_500);
  });

  it('is read again as it was written', () => {
    const word = (toml: string): string => (toml.startsWith('"') ? (JSON.parse(toml) as string) : toml);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (value) => {
        for (const kind of [bytes(0, 2 ** 40), duration(0, 2 ** 40)])
          expect(kind.parse(word(kind.print(value)))).toBe(value);
      }),
    );
  });

  it('is never more than its kind allows, whatever is written', () => {
    const kinds = SETTINGS.map(({ kind }: Setting) => kind);
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^\d{1,12}(\.\d{1,3})? ?[a-zA-Z]{0,4}$/)),
        fc.anything(),
        (word, value) => {
          for (const kind of kinds) {
            for (const read of [kind.parse(word), kind.read(value)])
              if (read !== undefined) expect(kind.is(read)).toBe(true);
          }
        },
      ),
    );
  });
});
