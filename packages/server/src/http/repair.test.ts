import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { repaired, repairRequestLines } from './repair.ts';

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

describe('a connection', () => {
  it.each(['end', 'resetAndDestroy'] as const)(
    'reaches the parser with its first line, and not when it is gone by %s',
    async (leave) => {
      const handed = vi.fn();
      const server = createServer((_request, response) => response.end()).on('connection', handed);
      repairRequestLines(server, 8192, 60_000);
      const accepted: Promise<Socket> = once(server, 'connection').then(([socket]) => socket as Socket);
      server.listen(0, '127.0.0.1');
      onTestFinished(() => void server.close());
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;

      const client = connect(port, '127.0.0.1');
      const socket = await accepted;
      const closed = once(socket, 'close').catch(() => undefined);
      if (leave === 'end') client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      client[leave]();
      client.resume();
      await closed;
      expect(handed).toHaveBeenCalledTimes(leave === 'end' ? 1 : 0);
    },
  );
});
