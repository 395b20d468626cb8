import { reprDigest } from '../images.ts';
import { ends, fixed, honest, type Misbehaviour, type Serve } from './row.ts';
import { chunked, head } from './wire.ts';

/** The whole image under a head of one's own. */
function under(headers: Readonly<Record<string, string>>): Serve {
  return (line, _ask, { image }) => line.end(Buffer.concat([head('200 OK', headers), image]));
}

const HEAD_64K = Array.from({ length: 64 }, (_, n) => [`X-Padding-${n}`, 'x'.repeat(1_024)] as const);
const malformed = (code: 'answer-malformed' | 'head-too-large' = 'answer-malformed') =>
  ({ ...ends(4, code), attempts: 1 }) as const;

/** Heads and bodies that cannot be, are not what they say, or prove nothing. */
export const BODIES: readonly Misbehaviour[] = [
  {
    name: 'offers an empty file by its length',
    serve: fixed(head('200 OK', { 'Content-Length': '0' })),
    ...ends(4, 'body-empty'),
    attempts: 1,
  },
  {
    name: 'offers an empty file in chunks',
    serve: fixed(head('200 OK', { 'Transfer-Encoding': 'chunked' }), '0\r\n\r\n'),
    ...ends(4, 'body-empty'),
    attempts: 1,
  },
  {
    name: 'offers a file that is larger than allowed',
    serve: fixed(head('200 OK', { 'Content-Length': String(10 ** 15) }), 'the first bytes'),
    ...ends(4, 'too-large'),
    policy: { maxBytes: 1_000_000 },
    attempts: 1,
  },
  {
    name: 'offers a length that no number holds',
    serve: fixed(head('200 OK', { 'Content-Length': '9'.repeat(40) }), 'the first bytes'),
    ...malformed(),
  },
  {
    name: 'sends chunks without end',
    serve: (line) => {
      const chunk = chunked(Buffer.alloc(65_536)).subarray(0, -5);
      const more = (): void => {
        if (!line.destroyed) line.write(chunk, () => setImmediate(more));
      };
      line.write(head('200 OK', { 'Transfer-Encoding': 'chunked' }));
      more();
    },
    ...ends(4, 'too-large'),
    policy: { maxBytes: 1_000_000 },
    attempts: 1,
  },
  {
    name: 'sends a body without length, chunks or digest',
    serve: honest({ framing: 'close' }),
    ...ends(4, 'body-undelimited'),
    attempts: 1,
  },
  {
    name: 'sends more bytes than its Content-Length says',
    serve: (line, _ask, { image }) => {
      line.end(Buffer.concat([head('200 OK', { 'Content-Length': '1000' }), image.subarray(0, 1_500)]));
    },
    ...malformed(),
  },
  {
    name: 'compresses the body',
    serve: under({ 'Content-Encoding': 'gzip', 'Content-Length': '150000' }),
    ...ends(4, 'encoding-refused'),
    attempts: 1,
  },
  {
    name: 'compresses the body on its way',
    serve: (line, _ask, { image }) => {
      line.end(Buffer.concat([head('200 OK', { 'Transfer-Encoding': 'gzip, chunked' }), chunked(image)]));
    },
    ...ends(4, 'encoding-refused'),
    attempts: 1,
  },
  {
    name: 'proves another body with SHA-256',
    serve: honest({ digest: 'wrong' }),
    ...ends(4, 'digest-mismatch'),
    attempts: 1,
  },
  {
    name: 'proves another body in chunks',
    serve: honest({ digest: 'wrong', framing: 'chunked' }),
    ...ends(4, 'digest-mismatch'),
    attempts: 1,
  },
  {
    name: 'gives a wrong SHA-256 beside a right SHA-512',
    serve: (line, ask, scene) => {
      const both = `${reprDigest(scene.image, 'sha-512')}, sha-256=:${'A'.repeat(43)}=:`;
      honest({ headers: { 'Repr-Digest': both } })(line, ask, scene);
    },
    ...ends(4, 'digest-mismatch'),
    attempts: 1,
  },
  {
    name: 'gives a wrong digest of the message',
    serve: honest({ headers: { 'Content-Digest': `sha-256=:${'A'.repeat(43)}=:` } }),
    ...ends(4, 'digest-mismatch'),
    attempts: 1,
  },
  {
    name: 'spells its digest wrongly',
    serve: honest({ headers: { 'Repr-Digest': 'sha-256=abcdef' } }),
    ...ends(4, 'digest-mismatch'),
    attempts: 1,
  },
  {
    name: 'sends a chunk size that is no number',
    serve: fixed(head('200 OK', { 'Transfer-Encoding': 'chunked' }), '5\r\nhello\r\nxyz\r\nhello\r\n0\r\n\r\n'),
    ...malformed(),
  },
  {
    name: 'sends a chunk that is longer than its size',
    serve: fixed(head('200 OK', { 'Transfer-Encoding': 'chunked' }), '5\r\nhello world\r\n0\r\n\r\n'),
    ...malformed(),
  },
  {
    name: 'gives Content-Length and Transfer-Encoding together',
    serve: fixed(head('200 OK', { 'Content-Length': '5', 'Transfer-Encoding': 'chunked' }), '5\r\nhello\r\n0\r\n\r\n'),
    ...malformed(),
  },
  {
    name: 'gives two lengths that differ',
    serve: fixed('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\n', 'hello'),
    ...malformed(),
  },
  {
    name: 'gives a negative length',
    serve: fixed(head('200 OK', { 'Content-Length': '-5' }), 'hello'),
    ...malformed(),
  },
  {
    name: 'sends a head of 64 KiB',
    serve: under({ ...Object.fromEntries(HEAD_64K), 'Content-Length': '150000' }),
    ...malformed('head-too-large'),
  },
  {
    name: 'sends garbage instead of HTTP',
    serve: (line, _ask, { image }) => line.end(image),
    ...malformed(),
  },
  {
    name: 'sends the bare file, as HTTP/0.9 did',
    serve: (line, _ask, { image }) => line.end(Buffer.concat([Buffer.from('firmware'), image])),
    ...malformed(),
  },
  {
    name: 'speaks a version of HTTP that does not exist',
    serve: fixed('HTTP/7.3 200 OK\r\nContent-Length: 5\r\n\r\nhello'),
    ...malformed(),
  },
  {
    name: 'greets like a mail server',
    greet: (line) => line.write('220 mail.example ESMTP ready\r\n'),
    serve: () => undefined,
    ...malformed(),
  },
];
