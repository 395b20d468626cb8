import { cut, delivers, ends, honest, inTurn, type Misbehaviour, type Serve, stall } from './row.ts';
import { answer, head } from './wire.ts';

const CUT = 50_000;
/** So many answers in a row that bring nothing are enough. */
const GIVEN_UP = { attempts: 5 } as const;
const IMPATIENT = { policy: { idleTimeoutMs: 200 } } as const;

const goAway: Serve = (line) => line.end();
const goAwayRudely: Serve = (line) => line.resetAndDestroy();
const halfAHead: Serve = (line) => line.end('HTTP/1.1 200 OK\r\nContent-Le');
const sayNothing: Serve = () => undefined;
const sayHalfAHead: Serve = (line) => line.write('HTTP/1.1 200 OK\r\nContent-Le');

/** Sends a body of `total` bytes, one byte each `everyMs`. */
function drip(everyMs: number): Serve {
  return (line, ask, { image }) => {
    const { head, body } = answer(ask, image);
    line.write(head);
    let at = 0;
    const timer = setInterval(() => line.write(body.subarray(at, ++at)), everyMs);
    line.on('close', () => clearInterval(timer));
  };
}

/** Sends all there is, and resets the connection when the client has it. */
const resetAfterTheEnd: Serve = (line, ask, { image }) => {
  const { head, body } = answer(ask, image);
  line.write(Buffer.concat([head, body]), () => setTimeout(() => line.resetAndDestroy(), 20));
};

/** Connections that end, or go quiet, where they should not. */
export const BREAKS: readonly Misbehaviour[] = [
  {
    name: 'resets the connection after the last byte',
    serve: resetAfterTheEnd,
    ...delivers(),
    attempts: 1,
  },
  {
    name: 'is cut with FIN at the same byte always, without validators',
    serve: cut(CUT, 'fin', { etag: 'none' }),
    ...ends(3, 'connection-lost'),
    ...GIVEN_UP,
    resumes: false,
  },
  {
    name: 'is cut with RST at the same byte always, without validators',
    serve: cut(CUT, 'rst', { etag: 'none' }),
    ...ends(3, 'connection-lost'),
    ...GIVEN_UP,
    resumes: false,
  },
  {
    name: 'cannot read its file past one byte, whatever the range',
    serve: (line, ask, scene) => {
      const resumed = ask.headers['range'] !== undefined;
      cut(resumed ? 0 : CUT, 'fin')(line, ask, scene);
    },
    ...ends(3, 'connection-lost'),
    attempts: 6,
    resumes: true,
  },
  {
    name: 'brings a fifth at each connection',
    serve: cut(30_000, 'fin'),
    ...delivers(),
    attempts: 5,
    resumes: true,
  },
  {
    name: 'is cut before the first byte of the body once',
    serve: inTurn(cut(0, 'fin'), honest()),
    ...delivers(),
    attempts: 2,
    resumes: false,
  },
  {
    name: 'claims one byte more than it sends, always',
    serve: (line, _ask, { image }) => {
      line.write(head('200 OK', { 'Content-Length': String(image.length + 1) }));
      line.end(image);
    },
    ...ends(3, 'connection-lost'),
    ...GIVEN_UP,
  },
  {
    name: 'never sends the last chunk',
    serve: cut(CUT, 'fin', { framing: 'chunked', etag: 'none' }),
    ...ends(3, 'connection-lost'),
    ...GIVEN_UP,
  },
  {
    name: 'forgets the last chunk once',
    serve: inTurn(
      (line, ask, { image }) => {
        const { head, body } = answer(ask, image, { framing: 'chunked', etag: 'none' });
        line.end(Buffer.concat([head, body.subarray(0, -5)]));
      },
      honest({ framing: 'chunked' }),
    ),
    ...delivers(),
    attempts: 2,
  },
  {
    name: 'ends the body with the connection, proves it with a digest, and is cut once',
    serve: inTurn(
      cut(CUT, 'fin', { framing: 'close', digest: 'sha-256', etag: 'none' }),
      honest({ framing: 'close', digest: 'sha-256', etag: 'none' }),
    ),
    ...delivers(),
    attempts: 2,
  },
  {
    name: 'ends the body with the connection, proves it with a digest, and is cut always',
    serve: cut(CUT, 'fin', { framing: 'close', digest: 'sha-256', etag: 'none' }),
    ...ends(3, 'connection-lost'),
    ...GIVEN_UP,
  },
  {
    name: 'closes before answering once',
    serve: inTurn(goAway, honest()),
    ...delivers(),
    attempts: 2,
  },
  {
    name: 'closes before answering always',
    serve: goAway,
    ...ends(3, 'closed-early'),
    ...GIVEN_UP,
  },
  {
    name: 'resets before answering once',
    serve: inTurn(goAwayRudely, honest()),
    ...delivers(),
    attempts: 2,
  },
  {
    name: 'resets before answering always',
    serve: goAwayRudely,
    ...ends(3, 'closed-early'),
    ...GIVEN_UP,
  },
  {
    name: 'hangs up before it is asked',
    greet: (line) => line.end(),
    serve: sayNothing,
    ...ends(3, 'closed-early'),
    ...GIVEN_UP,
  },
  {
    name: 'is cut within the head once',
    serve: inTurn(halfAHead, honest()),
    ...delivers(),
    attempts: 2,
  },
  {
    name: 'is cut within the head always',
    serve: halfAHead,
    ...ends(3, 'closed-early'),
    ...GIVEN_UP,
  },
  {
    name: 'does not answer once',
    serve: inTurn(sayNothing, honest()),
    ...delivers(),
    ...IMPATIENT,
  },
  {
    name: 'never answers',
    serve: sayNothing,
    ...ends(3, 'stalled'),
    ...IMPATIENT,
    ...GIVEN_UP,
  },
  {
    name: 'goes quiet within the head',
    serve: sayHalfAHead,
    ...ends(3, 'stalled'),
    ...IMPATIENT,
    ...GIVEN_UP,
  },
  {
    name: 'goes quiet within the body once',
    serve: inTurn(stall(CUT), honest()),
    ...delivers(),
    // Time enough for the first bytes on a busy machine.
    policy: { idleTimeoutMs: 1_000 },
    resumes: true,
  },
  {
    name: 'goes quiet within the body always',
    serve: stall(CUT, { etag: 'none' }),
    ...ends(3, 'stalled'),
    ...IMPATIENT,
    ...GIVEN_UP,
  },
  {
    name: 'goes quiet for longer than the deadline',
    serve: stall(CUT),
    ...ends(4, 'deadline'),
    policy: { timeoutMs: 500 },
    attempts: 1,
  },
  {
    name: 'drips one byte at a time past the deadline',
    serve: drip(20),
    ...ends(4, 'deadline'),
    policy: { timeoutMs: 1_000, idleTimeoutMs: 900 },
    attempts: 1,
  },
  {
    name: 'sends 100 Continue for ever',
    serve: (line) => {
      const timer = setInterval(() => line.write(head('100 Continue')), 20);
      line.on('close', () => clearInterval(timer));
    },
    ...ends(4, 'deadline'),
    policy: { timeoutMs: 1_000, idleTimeoutMs: 900 },
    attempts: 1,
  },
  {
    name: 'is not there: the port is closed',
    absent: true,
    serve: sayNothing,
    ...ends(1, 'connection-refused'),
    attempts: 1,
  },
];
