import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  MISBEHAVIOURS,
  type Misbehaviour,
  makeImage,
  serveMisbehaviour,
  sha256Hex,
  withFaults,
} from '@libfota2/testkit';
import { createFota, updateFile } from 'libfota2';
import { describe, expect, it, vi } from 'vitest';
import { proof } from './support/proof.ts';

// Most of a row's time is waiting, so many wait together; all of them at once would wait for the disk.
vi.setConfig({ maxConcurrency: 40, testTimeout: 30_000 });

const images = {
  image: makeImage(1, 150_000),
  successor: makeImage(2, 150_000),
};
const files = { published: images.image, successor: images.successor, old: makeImage(3, 90_000) };
const patient = { timeoutMs: 20_000, idleTimeoutMs: 10_000 };

/**
 * Runs the public library against one row, in a folder of its own that holds an old image.
 * @param eraseMs how long the target takes before the first byte, as flash does that must be erased
 */
async function run(row: Misbehaviour, eraseMs = 0): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'libfota2 misbehaviour '));
  const server = await serveMisbehaviour(row, images);
  try {
    await writeFile(join(dir, 'update.bin'), files.old);
    const { target, notebook } = withFaults(updateFile(dir), () => undefined);
    const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, eraseMs));
    const place = eraseMs === 0 ? {} : { target: { ...target, wait }, notebook };
    const fota = createFota({ dir, ...place, imei: '860000000000001', version: '1.0.0', ...patient, ...row.policy });
    const outcome = await fota.upgrade({ url: server.url, ...server.client });

    const found = await readFile(join(dir, 'update.bin'));
    const name = Object.entries(files).find(([, bytes]) => found.equals(bytes))?.[0] ?? `${found.length} other bytes`;
    const { result, code, message } = outcome;
    expect({ result, code, file: name }, message).toEqual({ result: row.result, code: row.code, file: row.file });
    if (outcome.kind === 'downloaded') expect(outcome.sha256).toBe(sha256Hex(found));
    if (row.attempts !== undefined) expect(outcome.attempts, 'attempts').toBe(row.attempts);
    if (row.resumes !== undefined) {
      expect(
        server.requests.some((ask) => ask.headers['range'] !== undefined),
        'asked for a rest',
      ).toBe(row.resumes);
    }
    await server.drained();
    if (outcome.result === 0) expect(await readdir(dir)).toHaveLength(2);
  } finally {
    await server.close();
    await rm(dir, { recursive: true });
  }
}

describe('the library ends right with a server that', () => {
  for (const row of MISBEHAVIOURS) it.concurrent(row.name, () => run(row));
});

it.concurrent('a slow target does not hide that a server has gone quiet', async () => {
  const row = MISBEHAVIOURS.find(({ name }) => name === 'goes quiet within the body once');
  if (row === undefined) throw new Error('the row has another name now');
  // The silence is noticed twice: once while bytes wait for the target, and once more when there are none.
  await run(row, 2_500);
});

it('has at least thirty servers in its table, each with a name of its own', () => {
  const names = new Set(MISBEHAVIOURS.map((row) => row.name));
  expect(names.size).toBe(MISBEHAVIOURS.length);
  expect(names.size).toBeGreaterThanOrEqual(30);
  proof(`${names.size} misbehaving servers in the table`);
});
