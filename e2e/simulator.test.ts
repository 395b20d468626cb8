import { randomBytes, randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { GenerationName, LibraryName, Mode, SimulateOptions } from '@libfota2/simulator';
import { startProxy } from '@libfota2/testkit';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { proof } from './support/proof.ts';
import { KEY, PROJECT, type Station, startGate, startStation, upgrade } from './support/simulator.ts';

/**
 * What a device is left with when its connection is cut after a third of the package (luatos.md F): number and content,
 * `fota` mode first. It has the whole, or a fragment.
 */
const CUT: Readonly<Record<GenerationName, readonly [fota: Ending, dst: Ending]>> = {
  '2023-10': ['0 whole', '0 whole'],
  '2024-06': ['0 whole', '0 whole'],
  '2025-01': ['0 whole', '0 whole'],
  '2025-09': ['3 fragment', '3 fragment'],
  '2026-01': ['0 fragment', '0 fragment'],
  '2026-03': ['0 fragment', '0 fragment'],
  now: ['4 fragment, by its timer', '0 fragment'],
};
type Ending = '0 whole' | '3 fragment' | '0 fragment' | '4 fragment, by its timer';

const more = process.env['PROVE'] === undefined ? [] : Array.from({ length: 20 }, () => randomInt(10_000, 3_000_000));
const packages = [60_000, 300_000, ...more].map((size) => randomBytes(size));
const [small = Buffer.alloc(0)] = packages;
const firmware = (size: number): string => `${PROJECT}#${size}_LuatOS-SoC_EC718P`;
/** Each device asks once or twice: no rule against loops must get to see it more often. */
const ids = Array.from({ length: 9_999 }, (_, n) => String(868_488_076_500_000 + n)).values();

const counted = { upgrades: 0, refusals: 0, cuts: 0, slowestRefusalMs: 0 };

let station: Station;
beforeAll(async () => {
  station = await startStation();
  for (const bytes of packages) await station.publish(firmware(bytes.length), '1001.1.0', bytes);
});
afterAll(async () => {
  const { upgrades, refusals, cuts, slowestRefusalMs } = counted;
  proof(
    `devices of seven generations in two modes: ${upgrades} upgrades byte-identical; ${refusals} refusals, the slowest ` +
      `in ${Math.ceil(slowestRefusalMs)} ms; ${cuts} runs whose connection was cut ended as their generation's do`,
  );
  await station.close();
});

const toPlatform = (port: number): Partial<SimulateOptions> => ({ connectTo: { host: '127.0.0.1', port } });
/** With a URL of its own the library of 2023 sends nothing of itself: whoever uses one brings a newer library. */
const toOwnUrl = (port: number, generation: GenerationName): Partial<SimulateOptions> => ({
  url: `http://127.0.0.1:${port}/upgrade`,
  ...(generation === '2023-10' && { library: 'libfota2-1.0' satisfies LibraryName }),
});

function device(generation: GenerationName, mode: Mode, size = 60_000) {
  const facts = { id: ids.next().value, projectKey: KEY, firmwareName: firmware(size), version: '1001.0.9' };
  return { generation, mode, facts };
}

describe.each(Object.keys(CUT) as GenerationName[])('a device of %s', (generation) => {
  describe.each(['fota', 'dst'] as const)('in %s mode', (mode) => {
    const whole = [
      ['the platform', toPlatform],
      ['its own URL', toOwnUrl],
    ] as const;
    it.each(whole)('upgrades byte-identically from %s, whatever pieces it asks in', async (_where, to) => {
      for (const bytes of packages) {
        for (const headPieces of [1, 2, 6]) {
          const outcome = await upgrade({
            ...device(generation, mode, bytes.length),
            ...to(station.port, generation),
            headPieces,
          });
          expect(outcome).toMatchObject({ result: 0, statusLines: ['HTTP/1.1 200 OK'], byTimer: false });
          expect(outcome.file.equals(bytes)).toBe(true);
          counted.upgrades += 1;
        }
      }
    });

    it.each([
      ['is the newest', 27, { version: '1001.1.0' }],
      ['is of an unknown project', 25, { projectKey: 'x'.repeat(32) }],
      ['is of an unknown firmware', 26, { firmwareName: `${PROJECT}#_LuatOS-SoC_EC618` }],
      ['has no id', 3, { id: undefined }],
    ])('that %s is refused in under a second with 4', async (_why, code, change) => {
      for (const to of [toPlatform, toOwnUrl]) {
        const asking = device(generation, mode);
        const start = performance.now();
        const outcome = await upgrade({
          ...asking,
          facts: { ...asking.facts, ...change },
          ...to(station.port, generation),
        });
        const tookMs = performance.now() - start;
        expect(tookMs).toBeLessThan(1_000);
        expect(outcome).toMatchObject({ result: 4, never: false, byTimer: false, requests: [expect.anything()] });
        const keepsText = mode === 'dst' && ['2023-10', '2026-01'].includes(generation);
        if (!keepsText) expect(outcome.file).toHaveLength(0);
        // Glued to a URL of its own, the `nil` of a device without an id makes another path.
        else if (to === toPlatform) expect(JSON.parse(outcome.file.toString())).toMatchObject({ code });
        else expect(JSON.parse(outcome.file.toString())).toMatchObject({ msg: expect.any(String) });
        counted.refusals += 1;
        counted.slowestRefusalMs = Math.max(counted.slowestRefusalMs, tookMs);
      }
    });

    it.each(packages.map((bytes) => [bytes.length, bytes] as const))(
      'whose connection is cut after a third of %i bytes ends as its generation does',
      async (size, bytes) => {
        for (const how of ['fin', 'rst'] as const) {
          const proxy = await startProxy(station.port, (connection) =>
            connection === 1 ? { afterBytes: size / 3, how } : undefined,
          );
          onTestFinished(() => proxy.close());
          expectEnding(await upgrade({ ...device(generation, mode, size), ...toPlatform(proxy.port) }), bytes);
        }
      },
    );

    it('whose every connection is cut after a third ends as after one cut', async () => {
      const proxy = await startProxy(station.port, () => ({ afterBytes: small.length / 3, how: 'fin' }));
      onTestFinished(() => proxy.close());
      expectEnding(await upgrade({ ...device(generation, mode), ...toPlatform(proxy.port) }), small);
    });

    it('whose connection is cut, and a newer release published before it asks again, gets no mixture', async () => {
      const name = `${firmware(60_000)} ${generation} ${mode}`;
      await station.publish(name, '1001.1.0', small);
      const newer = randomBytes(60_000);
      const proxy = await startProxy(station.port, (connection) =>
        connection === 1 ? { afterBytes: 20_000, how: 'fin' } : undefined,
      );
      onTestFinished(() => proxy.close());
      const gate = await startGate(proxy.port, (connection) =>
        connection === 2 ? station.publish(name, '1001.2.0', newer) : undefined,
      );
      onTestFinished(() => gate.close());
      const asking = device(generation, mode);
      const facts = { ...asking.facts, firmwareName: name };
      const outcome = await upgrade({ ...asking, facts, ...toPlatform(gate.port) });
      expectEnding(outcome, small);
      // The next question is a new one, and gets the newest there is.
      const resumed = outcome.requests.length > 1;
      const next = await upgrade({ ...asking, facts, ...toPlatform(station.port) });
      expect(next.result).toBe(0);
      expect(next.file.equals(resumed ? newer : small)).toBe(true);
    });

    function expectEnding(outcome: Awaited<ReturnType<typeof upgrade>>, bytes: Buffer): void {
      const ending = CUT[generation][mode === 'fota' ? 0 : 1];
      const whole = ending === '0 whole';
      expect(outcome).toMatchObject({ result: Number(ending[0]), byTimer: ending.endsWith('timer'), never: false });
      expect(outcome.requests.length > 1).toBe(whole);
      expect(outcome.file.length < bytes.length).toBe(!whole);
      expect(outcome.file.equals(bytes.subarray(0, outcome.file.length))).toBe(true);
      expect(outcome.file.length).toBeGreaterThan(bytes.length / 3 - 500);
      counted.cuts += 1;
    }
  });
});
