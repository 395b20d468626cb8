// The server as users run it, with one signed release: trusted.js <folder of data> <folder of image, signature and ring> <key>
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '@libfota2/server';

const [dataDir = '', home = '', key = ''] = process.argv.slice(2);
const server = await startServer({ dataDir });
await server.createProject('bench', key);
await server.operator.setKeyRing('bench', { text: readFileSync(join(home, 'key-ring.txt'), 'utf8') });
await server.publish({
  project: 'bench',
  firmwareName: 'bench',
  version: '2.0.0',
  package: join(home, 'image.bin'),
  signature: readFileSync(join(home, 'image.bin.minisig'), 'utf8'),
});

process.once('disconnect', async () => {
  await server.close();
  process.exit();
});
process.send?.(server.url);
