/**
 * Copies a database that is in use into a file, away from the server's own thread, and says what it holds. Plain
 * JavaScript beside `src` and `dist`, so that both find it at the same place. It uses the same SQLite as the server itself:
 * with another one in the same process, each would drop the other's locks.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const { from, to, isBuiltIn } = workerData;
const { DatabaseSync } = isBuiltIn ? process.getBuiltinModule('node:sqlite') : await import('@photostructure/sqlite');

try {
  const database = new DatabaseSync(from, { timeout: 5000 });
  try {
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
  const copy = new DatabaseSync(to, { timeout: 0 });
  let packages;
  let schema;
  try {
    const [first] = copy.prepare('PRAGMA integrity_check(1)').all();
    if (first.integrity_check !== 'ok') throw Object.assign(new Error(first.integrity_check), { errcode: 11 });
    packages = copy.prepare('SELECT DISTINCT sha256, size FROM release_package ORDER BY sha256').all();
    schema = copy.prepare('PRAGMA user_version').get().user_version;
  } finally {
    copy.close();
  }
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(to, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    size += chunk.length;
  }
  const sha256 = hash.digest('hex');
  parentPort.postMessage({ size, sha256, schema, packages: packages.map((one) => ({ ...one })) });
} catch (error) {
  parentPort.postMessage({ error: { message: error.message, code: error.code, errcode: error.errcode } });
}
