/** The sample project: two releases of the application `station`, made from its sources and published. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FotaServer, FotaServerError, type Project, type Release } from '@libfota2/server';

const FIRMWARE = 'station';

/** The compiled source of a release of the application. */
export function stationFile(version: string): string {
  return join(import.meta.dirname, 'station', `station-${version}.js`);
}

/**
 * How long a task waits for one of 1 to 128 processors at loads of 0 to 1 in 4096 steps, in parts of its run time: Erlang's
 * formula C, as little-endian floats. Made of the four operations alone, so that every machine makes the same bytes.
 */
function waitTable(): Buffer {
  const processors = 128;
  const loads = 4096;
  const table = Buffer.alloc(4 * processors * loads);
  for (let step = 0; step < loads; step += 1) {
    const load = step / loads;
    for (let count = 1; count <= processors; count += 1) {
      let blocked = 1;
      for (let k = 1; k <= count; k += 1) blocked = (count * load * blocked) / (k + count * load * blocked);
      const queued = blocked / (1 - load * (1 - blocked));
      table.writeFloatLE(queued / (count * (1 - load)), 4 * ((count - 1) * loads + step));
    }
  }
  return table;
}

/**
 * Publishes 1.0.0 and 1.1.0, unless they are published. Where an older version of this demo has published other bytes
 * under these versions, its project stays as it is and a new one is made beside it.
 */
export async function publishSample(server: FotaServer): Promise<{ project: Project; releases: readonly Release[] }> {
  const first = await readFile(stationFile('1.0.0'));
  const source = await readFile(stationFile('1.1.0'), 'utf8');
  const second = Buffer.from(source.replace('@WAITS@', waitTable().toString('base64')));
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? 'sample' : `sample ${count}`;
    const known = server.operator.projects().find((project) => project.name === name);
    const project = known ?? (await server.createProject(name));
    const publish = async (version: string, bytes: Buffer): Promise<Release> =>
      (await server.publish({ project: name, firmwareName: FIRMWARE, version, package: [bytes] })).release;
    try {
      return { project, releases: [await publish('1.0.0', first), await publish('1.1.0', second)] };
    } catch (error) {
      if (!(error instanceof FotaServerError) || error.code !== 'release-exists') throw error;
    }
  }
}
