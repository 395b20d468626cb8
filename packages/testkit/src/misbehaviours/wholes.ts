import { cut, delivers, honest, inTurn, type Misbehaviour } from './row.ts';
import { answer, chunked, head } from './wire.ts';

const WHOLE = Number.POSITIVE_INFINITY;
const AT_ONCE = { ...delivers(), attempts: 1 } as const;

/** Right answers, some of them rare: whoever cannot take these cannot be upgraded from every right server. */
export const WHOLES: readonly Misbehaviour[] = [
  {
    name: 'behaves: length, strong ETag, ranges',
    serve: honest(),
    ...AT_ONCE,
  },
  {
    name: 'sends chunks, as a piped stream does',
    serve: honest({ framing: 'chunked', etag: 'none', ranges: false }),
    ...AT_ONCE,
  },
  {
    name: 'sends chunks with extensions, and trailers after them',
    serve: (line, _ask, { image }) => {
      line.write(head('200 OK', { 'Transfer-Encoding': 'chunked', Trailer: 'X-Sum' }));
      const tail = `\r\n0;last=yes\r\nX-Sum: none\r\n\r\n`;
      line.end(Buffer.concat([Buffer.from(`${image.length.toString(16)};a="b"\r\n`), image, Buffer.from(tail)]));
    },
    ...AT_ONCE,
  },
  {
    name: 'sends 100 and 103 before the answer',
    serve: (line, ask, scene) => {
      line.write(head('100 Continue'));
      line.write(head('103 Early Hints', { Link: '</style.css>; rel=preload' }));
      honest()(line, ask, scene);
    },
    ...AT_ONCE,
  },
  {
    name: 'keeps the connection open after the body',
    serve: (line, ask, { image }) => {
      const whole = answer(ask, image, { headers: { Connection: 'keep-alive' } });
      line.write(Buffer.concat([whole.head, whole.body]));
    },
    ...AT_ONCE,
  },
  {
    name: 'keeps the connection open after the last chunk',
    serve: (line, _ask, { image }) => {
      line.write(Buffer.concat([head('200 OK', { 'Transfer-Encoding': 'chunked' }), chunked(image)]));
    },
    ...AT_ONCE,
  },
  {
    name: 'resets the connection once the body is out',
    // A system may drop what the other side has not read yet when the reset comes, hence the second turn.
    serve: inTurn(cut(WHOLE, 'rst'), honest()),
    ...delivers(),
  },
  {
    name: 'speaks HTTP/1.0',
    serve: (line, _ask, { image }) => {
      line.write(`HTTP/1.0 200 OK\r\nContent-Length: ${image.length}\r\n\r\n`);
      line.end(image);
    },
    ...AT_ONCE,
  },
  {
    name: 'gives no reason phrase, and field names in lower case without a space',
    serve: (line, _ask, { image }) => {
      line.write(`HTTP/1.1 200 \r\ncontent-length:${image.length}\r\n\r\n`);
      line.end(image);
    },
    ...AT_ONCE,
  },
  {
    name: 'sends its head byte by byte',
    serve: (line, ask, { image }) => {
      const whole = answer(ask, image);
      const next = (at: number): void => {
        if (at >= whole.head.length) line.end(whole.body);
        else line.write(whole.head.subarray(at, at + 1), () => setImmediate(next, at + 1));
      };
      line.setNoDelay(true);
      next(0);
    },
    ...AT_ONCE,
  },
  {
    name: 'says that the body is not encoded',
    serve: honest({ headers: { 'Content-Encoding': 'identity' } }),
    ...AT_ONCE,
  },
  {
    name: 'proves the body with SHA-256',
    serve: honest({ digest: 'sha-256' }),
    ...AT_ONCE,
  },
  {
    name: 'proves the body with SHA-512',
    serve: honest({ digest: 'sha-512' }),
    ...AT_ONCE,
  },
  {
    name: 'gives a digest of an algorithm that proves nothing',
    serve: honest({ headers: { 'Repr-Digest': 'md5=:AAAAAAAAAAAAAAAAAAAAAA==:' } }),
    ...AT_ONCE,
  },
  {
    name: 'ends the body with the connection, and proves it with a digest',
    serve: honest({ framing: 'close', digest: 'sha-256' }),
    ...AT_ONCE,
  },
];
