import { cut, delivers, ends, fixed, honest, inTurn, type Misbehaviour, renewed, type Serve } from './row.ts';
import { answer, chunked, etagOf, head, type RequestHead } from './wire.ts';

const CUT = 50_000;
const SETTLED = 'Wed, 01 Oct 2025 00:00:00 GMT';
const LATER = 'Sat, 01 Nov 2025 00:00:00 GMT';
/** The `Date` of every answer: a file of this very second may change again within it. */
const UNSETTLED = 'Fri, 02 Jan 2026 00:00:00 GMT';

/** Cuts the first answer, then does as told with what follows. */
const afterCut = (...then: [Serve, ...Serve[]]): Serve => inTurn(cut(CUT, 'fin'), ...then);

/** A 206 with these headers over the right ones, and the right rest for a body. */
function rest(headers: (offset: number, image: Uint8Array) => Readonly<Record<string, string>>): Serve {
  return (line, ask, { image }) => {
    const offset = offsetOf(ask);
    const { head, body } = answer(ask, image, { headers: headers(offset, image) });
    line.end(Buffer.concat([head, body]));
  };
}

function offsetOf(ask: RequestHead): number {
  return Number(/^bytes=(\d+)-$/.exec(ask.headers['range'] ?? '')?.[1] ?? 0);
}

/** What servers do with a transfer that broke off: a device must never end up with parts of two files. */
export const RANGES: readonly Misbehaviour[] = [
  {
    name: 'is cut once and goes on',
    serve: afterCut(honest()),
    ...delivers(),
    attempts: 2,
    resumes: true,
  },
  {
    name: 'is cut once, in the moment of its last bytes, and goes on',
    serve: inTurn(cut(CUT, 'fin', {}, 'at once'), honest()),
    ...delivers(),
    attempts: 2,
    resumes: true,
  },
  {
    name: 'is cut thrice and goes on each time',
    serve: inTurn(cut(CUT, 'fin'), cut(CUT, 'rst'), cut(20_000, 'fin'), honest()),
    ...delivers(),
    attempts: 4,
    resumes: true,
  },
  {
    name: 'sends chunks, is cut, and goes on in chunks',
    serve: inTurn(cut(CUT, 'fin', { framing: 'chunked' }), honest({ framing: 'chunked' })),
    ...delivers(),
    attempts: 2,
    resumes: true,
  },
  {
    name: 'goes on with a rest that ends with the connection',
    serve: afterCut(honest({ framing: 'close' })),
    ...delivers(),
    attempts: 2,
    resumes: true,
  },
  {
    name: 'goes on by the date alone, long after the file was written',
    serve: inTurn(
      cut(CUT, 'fin', { etag: 'none', lastModified: SETTLED }),
      honest({ etag: 'none', lastModified: SETTLED }),
    ),
    ...delivers(),
    attempts: 2,
    resumes: true,
  },
  {
    name: 'wrote its file a moment ago and gives only the date',
    serve: inTurn(
      cut(CUT, 'fin', { etag: 'none', lastModified: UNSETTLED }),
      honest({ etag: 'none', lastModified: UNSETTLED }),
    ),
    ...delivers(),
    resumes: false,
  },
  {
    name: 'gives no validator and is cut once',
    serve: inTurn(cut(CUT, 'fin', { etag: 'none' }), honest({ etag: 'none' })),
    ...delivers(),
    resumes: false,
  },
  {
    name: 'gives a weak ETag and is cut once',
    serve: inTurn(cut(CUT, 'fin', { etag: 'weak' }), honest({ etag: 'weak' })),
    ...delivers(),
    resumes: false,
  },
  {
    name: 'ignores Range and sends everything again',
    serve: inTurn(cut(CUT, 'fin', { ranges: false }), honest({ ranges: false })),
    ...delivers(),
    attempts: 2,
  },
  {
    name: 'publishes a new file in the middle and says so to If-Range',
    serve: afterCut(renewed()),
    ...delivers('successor'),
    attempts: 2,
  },
  {
    name: 'publishes a new file in the middle without any validator',
    serve: inTurn(cut(CUT, 'fin', { etag: 'none' }), renewed({ etag: 'none' })),
    ...delivers('successor'),
  },
  {
    name: 'publishes a new file in the middle and ignores If-Range',
    serve: afterCut(renewed({ ifRange: false })),
    ...delivers('successor'),
    attempts: 3,
  },
  {
    name: 'publishes a new file in the middle, ignores If-Range and leaves the ETag out of its 206',
    serve: afterCut(renewed({ ifRange: false, namesRest: false })),
    ...delivers('successor'),
    attempts: 3,
  },
  {
    name: 'publishes a new file of another date in the middle and ignores If-Range',
    serve: inTurn(
      cut(CUT, 'fin', { etag: 'none', lastModified: SETTLED }),
      renewed({ etag: 'none', lastModified: LATER, ifRange: false }),
    ),
    ...delivers('successor'),
    attempts: 3,
  },
  {
    name: 'publishes a longer file under the same ETag in the middle',
    serve: inTurn((line, ask, scene) => {
      const shorter = scene.image.subarray(0, -1);
      const manner = { headers: { ETag: etagOf(scene.successor) } };
      cut(CUT, 'fin', manner)(line, ask, { ...scene, image: shorter });
    }, renewed()),
    ...delivers('successor'),
    attempts: 3,
  },
  {
    name: 'publishes a new file under the same ETag in the middle, with its own digest',
    serve: inTurn(
      (line, ask, scene) => {
        cut(CUT, 'fin', { digest: 'sha-256', headers: { ETag: etagOf(scene.successor) } })(line, ask, scene);
      },
      renewed({ digest: 'sha-256' }),
    ),
    ...delivers('successor'),
    attempts: 3,
  },
  {
    name: 'publishes a new file under the same ETag in the middle, and only then gives a digest',
    serve: inTurn(
      (line, ask, scene) => {
        cut(CUT, 'fin', { headers: { ETag: etagOf(scene.successor) } })(line, ask, scene);
      },
      renewed({ digest: 'sha-256' }),
    ),
    ...delivers('successor'),
    attempts: 3,
  },
  {
    name: 'gave a digest, then sends the rest of another file under the same ETag, without one',
    serve: inTurn(
      (line, ask, scene) => {
        cut(CUT, 'fin', { digest: 'sha-256', headers: { ETag: etagOf(scene.successor) } })(line, ask, scene);
      },
      renewed(),
      renewed(),
    ),
    ...delivers('successor'),
    attempts: 3,
  },
  {
    name: 'sends the rest from another offset once',
    serve: afterCut(
      rest((offset, image) => ({ 'Content-Range': `bytes ${offset + 1}-${image.length - 1}/${image.length}` })),
      honest(),
    ),
    ...delivers(),
    attempts: 3,
  },
  {
    name: 'sends every rest from another offset, and cuts every whole',
    serve: (line, ask, scene) => {
      const { length } = scene.image;
      if (offsetOf(ask) === 0) cut(CUT, 'fin')(line, ask, scene);
      else rest(() => ({ 'Content-Range': `bytes 0-${length - 1}/${length}` }))(line, ask, scene);
    },
    ...ends(3, 'connection-lost'),
    attempts: 6,
  },
  {
    name: 'sends a 206 with an unreadable Content-Range',
    serve: afterCut(
      rest(() => ({ 'Content-Range': 'bytes some/all' })),
      honest(),
    ),
    ...delivers(),
    attempts: 3,
  },
  {
    name: 'sends a 206 without Content-Range',
    serve: afterCut(
      rest(() => ({ 'Content-Range': '' })),
      honest(),
    ),
    ...delivers(),
    attempts: 3,
  },
  {
    name: 'sends a 206 of several parts',
    serve: afterCut(
      rest(() => ({ 'Content-Range': '', 'Content-Type': 'multipart/byteranges; boundary=x' })),
      honest(),
    ),
    ...delivers(),
    attempts: 3,
  },
  {
    name: 'sends only a part of the rest',
    serve: afterCut((line, ask, scene) => {
      const offset = offsetOf(ask);
      const range = `bytes ${offset}-${offset + 9}/${scene.image.length}`;
      const { head, body } = answer(ask, scene.image, { headers: { 'Content-Range': range, 'Content-Length': '10' } });
      line.end(Buffer.concat([head, body.subarray(0, 10)]));
    }, honest()),
    ...delivers(),
    attempts: 3,
  },
  {
    name: 'sends a rest whose length is not that of its range',
    serve: afterCut(
      rest(() => ({ 'Content-Length': '10' })),
      honest(),
    ),
    ...delivers(),
    attempts: 3,
  },
  {
    name: 'ends the chunks of the rest too early',
    serve: afterCut((line, ask, { image }) => {
      const { head } = answer(ask, image, { framing: 'chunked' });
      const offset = offsetOf(ask);
      line.end(Buffer.concat([head, chunked(image.subarray(offset, offset + 3))]));
    }, honest()),
    ...delivers(),
    attempts: 3,
  },
  {
    name: 'sends chunks beyond the rest that it announced',
    serve: inTurn(
      cut(40_000, 'fin'),
      (line, ask, { image }) => {
        const { head } = answer(ask, image, { framing: 'chunked' });
        line.end(
          Buffer.concat([head, chunked(Buffer.concat([image.subarray(offsetOf(ask)), Buffer.from('surplus')]))]),
        );
      },
      honest(),
    ),
    ...delivers(),
    attempts: 3,
    resumes: true,
  },
  {
    name: 'answers 416 to the question for the rest',
    serve: afterCut(fixed(head('416 Range Not Satisfiable', { 'Content-Length': '0' })), honest()),
    ...delivers(),
    attempts: 3,
  },
  {
    name: 'has no upgrade any more when asked for the rest',
    serve: afterCut(fixed(head('404 Not Found', { 'Content-Length': '0' }))),
    ...ends(4, 'no-upgrade'),
    attempts: 2,
  },
  {
    name: 'answers 206 though nobody asked for a part',
    serve: (line, _ask, { image }) => {
      const range = `bytes 0-${image.length - 1}/${image.length}`;
      line.write(head('206 Partial Content', { 'Content-Range': range, 'Content-Length': String(image.length) }));
      line.end(image);
    },
    ...ends(4, 'range-unasked'),
    attempts: 1,
  },
];
