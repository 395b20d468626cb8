// Serves one file from memory and prints its URL: the stand-in where nginx is missing. server.js <file>
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

const SLICE_BYTES = 256 * 1024;
const image = readFileSync(process.argv[2] ?? '');

function* slices(): Generator<Uint8Array> {
  for (let at = 0; at < image.length; at += SLICE_BYTES) yield image.subarray(at, at + SLICE_BYTES);
}

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-length': image.length, etag: '"1"' });
  Readable.from(slices(), { objectMode: false, highWaterMark: SLICE_BYTES }).pipe(response);
});
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
