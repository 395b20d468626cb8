// The server as users run it, with everything at its default. fota.js <folder of data> <key> [<firmware>=<package> …]
// Asked by any message, it tells what it holds.
import { startServer } from '@libfota2/server';
import { peakBytes } from './status.ts';

const [dataDir = '', key = '', ...firmwares] = process.argv.slice(2);
const server = await startServer({ dataDir });
if (server.operator.projects().length === 0) await server.createProject('bench', key);
for (const firmware of firmwares) {
  const [firmwareName = '', path = ''] = firmware.split('=');
  await server.publish({ project: 'bench', firmwareName, version: '1.0.0', package: path });
}

process.on('message', () => {
  const { rss } = process.memoryUsage();
  globalThis.gc?.();
  process.send?.({
    devices: server.operator.counts().devices,
    rssBytes: rss,
    peakBytes: peakBytes(),
    // What is alive: garbage was just collected.
    heapBytes: process.memoryUsage().heapUsed,
  });
});
process.once('disconnect', async () => {
  await server.close();
  process.exit();
});
process.send?.(server.url);
