// The server as users run it, with everything at its default. fota.js <folder of data> <key> [<firmware>=<package> …]
// Asked by any message, it tells what it holds.
import { startServer } from '@libfota2/server';
import { peakBytes } from './status.ts';

const ALL = { project: undefined, release: undefined, state: undefined };
const ROLLED_FIRMWARE = { project: 'bench', firmwareName: 'rolled' };

const [dataDir = '', key = '', ...firmwares] = process.argv.slice(2);
const server = await startServer({ dataDir });
if (server.operator.projects().length === 0) await server.createProject('bench', key);
for (const firmware of firmwares) {
  const [firmwareName = '', path = ''] = firmware.split('=');
  await server.publish({ project: 'bench', firmwareName, version: '1.0.0', package: path });
}

/** Releases above 1.0.0 that are rolled out to others than those who ask. */
const ROLLED = 20;

if (firmwares.some((firmware) => firmware.startsWith('rolled=')) && server.rollouts.rollouts(ALL).length === 0) {
  for (let number = 1; number <= ROLLED; number += 1) {
    const bytes = Buffer.from(`release ${number} that nobody who asks is to get`);
    const version = `1.0.${number}`;
    const { release } = await server.publish({ ...ROLLED_FIRMWARE, version, package: [bytes], draft: true });
    const query = 'label:beta and version < 2.0 and seen > 2d ago';
    const target = number % 2 === 0 ? ({ kind: 'query', query } as const) : ({ kind: 'all' } as const);
    await server.rollouts.createRollout({
      release: release.id,
      target,
      waves: [{ ids: ['nobody'] }, { percent: 100 }],
    });
  }
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
