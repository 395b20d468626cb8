import { formatRefusal } from '@libfota2/protocol';
import { ends, fixed, honest, inTurn, type Misbehaviour, type Serve } from './row.ts';
import { head } from './wire.ts';

/** A status with a short body. */
function status(line: string, body = '', headers: Readonly<Record<string, string>> = {}): Serve {
  return fixed(head(line, { ...headers, 'Content-Length': String(body.length), Connection: 'close' }), body);
}

const refusal = formatRefusal({ code: 27, msg: '已是最新版本' });
const ONCE = { attempts: 1 } as const;

/** Statuses other than 200, which alone brings an upgrade. */
export const STATUSES: readonly Misbehaviour[] = [
  { name: 'answers 300: the documented "no upgrade"', serve: status('300 No'), ...ends(4, 'no-upgrade'), ...ONCE },
  {
    name: 'answers 304 though nobody asked',
    serve: fixed(head('304 Not Modified')),
    ...ends(4, 'no-upgrade'),
    ...ONCE,
  },
  { name: 'answers 404', serve: status('404 Not Found', 'nothing here'), ...ends(4, 'no-upgrade'), ...ONCE },
  {
    name: "answers 404 with the platform's refusal",
    serve: status('404 Not Found', refusal),
    ...ends(4, 'no-upgrade'),
    ...ONCE,
  },
  {
    name: 'answers 404 in chunks and keeps the connection open',
    serve: (line) => {
      line.write(head('404 Not Found', { 'Transfer-Encoding': 'chunked' }));
      line.write(`${refusal.length.toString(16)}\r\n${refusal}\r\n0\r\n\r\n`);
    },
    ...ends(4, 'no-upgrade'),
    ...ONCE,
  },
  {
    name: 'answers 404 and goes quiet within the body',
    serve: (line) => line.write(head('404 Not Found', { 'Content-Length': '100' })),
    ...ends(4, 'no-upgrade'),
    ...ONCE,
  },
  {
    name: 'answers 404 with a body without end',
    serve: (line) => {
      const more = (): void => {
        if (!line.destroyed) line.write('no'.repeat(2_048), () => setImmediate(more));
      };
      line.write(head('404 Not Found'));
      more();
    },
    ...ends(4, 'no-upgrade'),
    ...ONCE,
  },
  { name: 'answers 416 though nobody asked for a part', serve: status('416 No'), ...ends(4, 'no-upgrade'), ...ONCE },
  {
    name: 'redirects with 302 to a file',
    serve: inTurn(status('302 Found', '', { Location: '/there' }), honest()),
    ...ends(4, 'redirect'),
    ...ONCE,
  },
  {
    name: 'redirects in a circle',
    serve: status('302 Found', '', { Location: '/upgrade' }),
    ...ends(4, 'redirect'),
    policy: { maxRedirects: 3 },
    attempts: 4,
  },
  { name: 'answers 500', serve: status('500 Oh', 'a stack trace'), ...ends(4, 'server-error'), ...ONCE },
  {
    name: 'answers 503 and wants to be asked again later',
    serve: status('503 Busy', '', { 'Retry-After': '120' }),
    ...ends(4, 'server-error'),
    ...ONCE,
  },
  { name: 'answers 204', serve: fixed(head('204 No Content')), ...ends(4, 'status-unexpected'), ...ONCE },
  { name: 'answers 201 with a file', serve: status('201 Created', 'file'), ...ends(4, 'status-unexpected'), ...ONCE },
  {
    name: 'switches protocols',
    serve: fixed(head('101 Switching Protocols', { Connection: 'Upgrade', Upgrade: 'websocket' }), 'frames'),
    ...ends(4, 'status-unexpected'),
    ...ONCE,
  },
];
