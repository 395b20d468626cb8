// Serves one file from memory: the stand-in where nginx is missing. from-memory.js <file>
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { serve } from './serve.ts';

const SLICE_BYTES = 256 * 1024;
const image = readFileSync(process.argv[2] ?? '');

function* slices(): Generator<Uint8Array> {
  for (let at = 0; at < image.length; at += SLICE_BYTES) yield image.subarray(at, at + SLICE_BYTES);
}

serve((_request, response) => {
  response.writeHead(200, { 'content-length': image.length, etag: '"1"' });
  Readable.from(slices(), { objectMode: false, highWaterMark: SLICE_BYTES }).pipe(response);
});
