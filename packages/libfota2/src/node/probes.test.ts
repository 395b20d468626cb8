import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commandProbe, httpProbe } from './probes.ts';

const never = new AbortController().signal;

describe('a command', () => {
  it.each<[string, readonly string[], string | RegExp | undefined, number?]>([
    ['ends with status 0', ['sh', '-c', 'echo all is well'], undefined],
    ['ends otherwise', ['sh', '-c', 'echo no bus >&2; exit 3'], 'sh ended with status 3: no bus'],
    ['ends otherwise without a word', ['false'], 'false ended with status 1'],
    ['is killed', ['sh', '-c', 'kill -9 $$'], 'sh was killed by SIGKILL'],
    ['does not exist', ['/no/such/program'], /cannot be run: .*ENOENT/],
    [
      'does not end, with all that it started',
      ['sh', '-c', 'sleep 60 & sleep 60'],
      'sh did not end within 200 ms.',
      200,
    ],
    ['ends with status 0, whatever it leaves behind', ['sh', '-c', 'sleep 5 & exit 0'], undefined, 2_000],
    [
      'ends otherwise, and leaves something',
      ['sh', '-c', 'echo no bus; sleep 5 & exit 3'],
      'sh ended with status 3: no bus',
      2_000,
    ],
    ['floods', ['sh', '-c', 'yes | head -c 1000000; exit 1'], /^sh ended with status 1: (y\n)+y$/],
  ])('that %s', async (_, command, wanted, timeoutMs) => {
    const found = await commandProbe(command, timeoutMs)(never);
    if (wanted instanceof RegExp) expect(found).toMatch(wanted);
    else expect(found).toBe(wanted);
    expect((found ?? '').length).toBeLessThan(400);
  });

  it('is killed when nobody wants to know any more', async () => {
    const stop = new AbortController();
    const found = commandProbe(['sleep', '60'])(stop.signal);
    stop.abort();
    expect(await found).toBe('The probe was ended.');
  });
});

describe('a question over HTTP', () => {
  async function urlOf(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
  }

  it.each<[string, RequestListener, RegExp | undefined]>([
    ['answered 200', (_, answer) => answer.end('ok'), undefined],
    ['answered 204', (_, answer) => answer.writeHead(204).end(), undefined],
    ['answered 503', (_, answer) => answer.writeHead(503).end('starting'), /answered 503\.$/],
    ['answered by a redirect', (_, answer) => answer.writeHead(302, { location: '/' }).end(), /answered 302\.$/],
    ['answered without an end', (_, answer) => answer.write('x'.repeat(100_000)), undefined],
    ['not answered', () => {}, /did not answer within 200 ms\.$/],
    ['hung up on', (request) => request.destroy(), /cannot be asked: socket hang up$/],
  ])('that is %s', async (name, listener, wanted) => {
    const found = await httpProbe(await urlOf(listener), name === 'not answered' ? 200 : 10_000)(never);
    if (wanted === undefined) expect(found).toBe(undefined);
    else expect(found).toMatch(wanted);
  });

  it('where nobody listens', async () => {
    expect(await httpProbe('http://127.0.0.1:1/health')(never)).toMatch(/cannot be asked: .*ECONNREFUSED/);
  });

  it('ends when nobody wants to know any more', async () => {
    const stop = new AbortController();
    const found = httpProbe(await urlOf(() => {}))(stop.signal);
    stop.abort();
    expect(await found).toBe('The probe was ended.');
  });
});
