// An image that has come is installed into a slot, timed from its last byte on: install.js <image> <folder>
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { applicationSlots } from 'libfota2/slots';
import { report } from './status.ts';

const [image = '', dir = '.'] = process.argv.slice(2);
const { target } = applicationSlots(dir);
await target.init(undefined, undefined);
await target.wait();
const hash = createHash('sha256');
for await (const bytes of createReadStream(image) as AsyncIterable<Uint8Array>) {
  hash.update(bytes);
  await target.write(bytes);
}
// As after any download: what came is on the disk.
await target.mark();
const sha256 = hash.digest('hex');
const begunAt = performance.now();
await target.done(sha256);
await target.finish(true);
report({ seconds: (performance.now() - begunAt) / 1_000 });
