/**
 * Unpacks LZMA blocks away from the server's own thread. Plain JavaScript beside `src` and `dist`, so that both find it
 * at the same place. Answers with the unpacked bytes of every block, or with the index of the first damaged one.
 */
import { parentPort, workerData } from 'node:worker_threads';
import lzma from 'lzma';

/** The library gives text back where the bytes happen to be UTF-8; lone surrogates included, so TextEncoder will not do. */
function bytesOf(result) {
  if (typeof result !== 'string') return Uint8Array.from(result);
  const bytes = [];
  for (let i = 0; i < result.length; i += 1) {
    const unit = result.charCodeAt(i);
    if (unit < 0x80) bytes.push(unit);
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 63));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 63), 0x80 | (unit & 63));
  }
  return Uint8Array.from(bytes);
}

/** What the library reads has a head of its own: properties, dictionary and unpacked length. */
function unpack({ properties, packed, length }) {
  const head = Buffer.alloc(13);
  head[0] = properties;
  // No match reaches farther back than the block's own beginning.
  head.writeUInt32LE(length, 1);
  head.writeUInt32LE(length, 5);
  const bytes = bytesOf(lzma.decompress(Buffer.concat([head, packed])));
  if (bytes.length !== length) throw new Error(`${bytes.length} bytes instead of ${length}`);
  return bytes;
}

const blocks = [];
let damaged;
for (const [index, block] of workerData.entries()) {
  try {
    blocks.push(unpack(block));
  } catch {
    damaged = index;
    break;
  }
}
parentPort.postMessage(damaged === undefined ? { blocks } : { damaged });
