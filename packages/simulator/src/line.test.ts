import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { head, startHostile } from '../test/hostile.ts';
import { sha256, startUpgrades } from '../test/upgrades.ts';
import {
  type Cut,
  createFile,
  type Generation,
  type GenerationName,
  PLAIN,
  type Run,
  type Surroundings,
  simulate,
} from './index.ts';

const bytes = randomBytes(60_000);

/** One run of a device under these circumstances, and what lies in its file. */
async function upgrade(
  generation: GenerationName | Generation,
  surroundings: Surroundings,
): Promise<{ run: Run; file: Buffer; froms: readonly (number | undefined)[] }> {
  const server = await startUpgrades({ '1.0.0': { bytes } });
  onTestFinished(() => server.close());
  const file = createFile();
  const facts = { id: '861234567890123', projectKey: 'k', firmwareName: 'app', version: '1.0.0' };
  const connectTo = { host: '127.0.0.1', port: server.port };
  const run = await simulate({ generation, mode: 'dst', facts, connectTo, sink: file, surroundings });
  return { run, file: file.contents(), froms: server.asked.map(({ from }) => from) };
}

const cutOnce =
  (cut: Cut): Required<Surroundings>['onHead'] =>
  (_, connection) =>
    connection === 1 ? cut : undefined;

describe('a connection', () => {
  it('that breaks lets through just as many bytes as it should, and the device goes on from there', async () => {
    const { run, file, froms } = await upgrade('2025-01', { onHead: cutOnce({ afterBytes: 12_345, what: 'line' }) });
    expect(froms).toEqual([undefined, 12_345]);
    expect(run).toMatchObject({ result: 0, powerLost: false });
    expect(file.equals(bytes)).toBe(true);
    expect(run.connections.map(({ heard }) => heard?.status)).toEqual([200, 206]);
  });

  it('that breaks before the first byte of a body leaves nothing', async () => {
    const { run, file } = await upgrade('2025-09', { onHead: cutOnce({ afterBytes: 0, what: 'line' }) });
    expect(run).toMatchObject({ result: 3, bytes: 0 });
    expect(file).toHaveLength(0);
  });

  it('that would break after the end of the body does not', async () => {
    const { run } = await upgrade('2025-09', { onHead: cutOnce({ afterBytes: bytes.length, what: 'line' }) });
    expect(run).toMatchObject({ result: 0, bytes: bytes.length });
  });

  it('ends with the device whose power goes, and nobody is called back', async () => {
    const { run, file } = await upgrade('2025-01', { onHead: cutOnce({ afterBytes: 100, what: 'power' }) });
    expect(run).toMatchObject({ result: undefined, never: false, powerLost: true, bytes: 100 });
    expect(file.equals(bytes.subarray(0, 100))).toBe(true);
    expect(run.connections).toHaveLength(1);
  });

  it('that does not come about is one that failed', async () => {
    const { run } = await upgrade('now', { reaches: () => false });
    expect(run).toMatchObject({ result: 1, connections: [{ reached: false, heard: undefined, fault: undefined }] });
  });

  it('that is slow takes its time, and brings the same', async () => {
    const begin = performance.now();
    const { run, file } = await upgrade('now', { bytesPerS: 300_000 });
    expect(performance.now() - begin).toBeGreaterThan(100);
    expect(run.result).toBe(0);
    expect(sha256(file)).toBe(sha256(bytes));
  });

  it('that nobody takes is told with its reason', async () => {
    const facts = { id: '1', projectKey: 'k', firmwareName: 'app', version: '1.0.0' };
    const connectTo = { host: '127.0.0.1', port: 1 };
    const run = await simulate({ generation: 'now', mode: 'dst', facts, connectTo });
    expect(run).toMatchObject({ result: 1, connections: [{ reached: false, fault: 'ECONNREFUSED' }] });
  });
});

describe('a client that goes by validators', () => {
  it('asks for the rest of just what it has', async () => {
    const { run, file } = await upgrade(PLAIN, { onHead: cutOnce({ afterBytes: 1_000, what: 'line' }) });
    expect(run.requests[1]).toContain(`Range: bytes=1000-\r\nIf-Range: "${sha256(bytes)}"`);
    expect(run.result).toBe(0);
    expect(file.equals(bytes)).toBe(true);
  });

  it('begins anew where it gets a whole instead of the rest', async () => {
    const server = await startHostile((line, _, nth) => {
      const all = Buffer.concat([head('200 OK', `Content-Length: ${bytes.length}`, `ETag: "${nth}"`), bytes]);
      line.end(nth === 1 ? all.subarray(0, 9_000) : all);
    });
    onTestFinished(() => server.close());
    const file = createFile();
    const connectTo = { host: '127.0.0.1', port: server.port };
    const run = await simulate({
      generation: PLAIN,
      mode: 'dst',
      facts: {},
      url: '###http://h/',
      connectTo,
      sink: file,
    });
    expect(run).toMatchObject({ result: 0, bytes: bytes.length });
    expect(file.contents().equals(bytes)).toBe(true);
  });

  it('asks for the whole where the server has no validator', async () => {
    const server = await startHostile((line, _, nth) => {
      const all = Buffer.concat([head('200 OK', `Content-Length: ${bytes.length}`), bytes]);
      line.end(nth === 1 ? all.subarray(0, 9_000) : all);
    });
    onTestFinished(() => server.close());
    const connectTo = { host: '127.0.0.1', port: server.port };
    const run = await simulate({ generation: PLAIN, mode: 'dst', facts: {}, url: '###http://h/', connectTo });
    expect(run.requests[1]).toBe(run.requests[0]);
    expect(run).toMatchObject({ result: 0, bytes: bytes.length });
  });
});
