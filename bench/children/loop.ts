// The least that Node can do for the same bytes, and nothing for the unhappy day: loop.js <url> <folder>
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { report } from './status.ts';

const [url = '', dir = '.'] = process.argv.slice(2);
const hash = createHash('sha256');
const file = await open(join(dir, 'update.bin'), 'w');
const response = await new Promise<IncomingMessage>((resolve) => get(url, resolve));
for await (const bytes of response as AsyncIterable<Uint8Array>) {
  hash.update(bytes);
  await file.write(bytes);
}
await file.sync();
await file.close();
report({ sha256: hash.digest('hex') });
