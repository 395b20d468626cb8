// Serves one file and its signature from memory: the stand-in where nginx is missing. from-memory.js <file>
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { serve } from './serve.ts';

const SLICE_BYTES = 256 * 1024;
const file = process.argv[2] ?? '';
const image = readFileSync(file);
const signature = readFileSync(`${file}.minisig`);

function* slices(): Generator<Uint8Array> {
  for (let at = 0; at < image.length; at += SLICE_BYTES) yield image.subarray(at, at + SLICE_BYTES);
}

serve((request, response) => {
  if (request.url?.includes('.minisig')) {
    response.end(signature);
    return;
  }
  response.writeHead(200, { 'content-length': image.length, etag: '"1"' });
  Readable.from(slices(), { objectMode: false, highWaterMark: SLICE_BYTES }).pipe(response);
});
