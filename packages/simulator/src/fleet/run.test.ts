import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Offers, startUpgrades, type UpgradeServer } from '../../test/upgrades.ts';
import { createWarp } from '../../test/warp.ts';
import { type FleetWorld, runFleet } from './run.ts';
import { type FleetWish, fleetSpec } from './spec.ts';
import type { FleetReport, FleetState } from './tally.ts';

const HOUR_MS = 3_600_000;
const bytes = randomBytes(60_000);
const upgrade: Offers = { '1.0.0': { bytes } };

async function serve(offers: Offers, more: { limit?: number } = {}): Promise<UpgradeServer> {
  const server = await startUpgrades(offers, more);
  onTestFinished(() => server.close());
  return server;
}

/** Lets a fleet live for two days at most, which pass at once. */
async function fleet(server: UpgradeServer, wish: Partial<FleetWish>, world: FleetWorld = {}): Promise<FleetReport> {
  const clock = createWarp(() => server.open() > 0);
  onTestFinished(() => clock.stop());
  const spec = fleetSpec({
    ...{ count: 28, projectKey: 'k', firmwareName: 'app', versions: { '1.0.0': 1 }, becomes: '1.1.0' },
    server: { host: '127.0.0.1', port: server.port },
    until: { afterMs: 48 * HOUR_MS, when: 'confirmed' },
    ...wish,
  });
  return runFleet(spec, { clock, ...world });
}

describe('a fleet', () => {
  it('of every generation and mode takes a good release, and confirms it', async () => {
    const report = await fleet(await serve(upgrade), {});
    expect(report).toMatchObject({
      ended: 'confirmed',
      standings: { confirmed: 28 },
      versions: { '1.1.0': 28 },
      lastAnswers: { 27: 28 },
      images: { verified: 28, unverified: 0, unknown: 0, unusable: 0, spliced: 0 },
      deliveries: { all: 28, most: 1 },
      bytes: 28 * bytes.length,
      faults: {},
    });
    expect(report.groups).toHaveLength(14);
    expect(report.elapsedMs).toBeLessThan(5 * HOUR_MS);
  });

  it('is the same fleet again for the same seed, whatever the moment', async () => {
    const wish: Partial<FleetWish> = {
      seed: 5,
      network: { cut: 0.3, unreachable: 0.2 },
      power: { cut: 0.2 },
      boots: { '*': { fails: 0.2, silent: 0.1 } },
      until: { rounds: 4 },
    };
    const [one, other] = [await serve(upgrade), await serve(upgrade)];
    const [first, second] = [await fleet(one, wish), await fleet(other, { ...wish, maxOpen: 3 })];
    expect(second.standings).toEqual(first.standings);
    expect(second.answers).toEqual(first.answers);
    expect([second.lineCuts, second.powerCuts]).toEqual([first.lineCuts, first.powerCuts]);
    expect(first.lineCuts).toBeGreaterThan(0);
    expect(first.powerCuts).toBeGreaterThan(0);
    expect(first.answers['no connection']).toBeGreaterThan(0);
  });

  it('whose connections break and whose power goes gets there all the same, and nobody takes a mixture', async () => {
    const report = await fleet(await serve(upgrade), { network: { cut: 0.4, unreachable: 0.2 }, power: { cut: 0.2 } });
    expect(report).toMatchObject({ ended: 'confirmed', standings: { confirmed: 28 }, images: { spliced: 0 } });
    expect(report.deliveries).toMatchObject({ all: 28, most: 1 });
    // Some generations take a fragment for the whole; only their boot loader notices.
    expect(report.images.unusable).toBeGreaterThan(0);
    expect(report.answers['rest']).toBeGreaterThan(0);
  });

  it('of which a fifth does not start the new version comes back in part, as often as it is let', async () => {
    const server = await serve(upgrade, { limit: 6 });
    const report = await fleet(server, {
      count: 50,
      boots: { '1.1.0': { fails: 0.2 } },
      until: { when: 'quiet', afterMs: 48 * HOUR_MS },
    });
    expect(report).toMatchObject({
      ended: 'quiet',
      standings: { confirmed: 40, failed: 10 },
      versions: { '1.0.0': 10, '1.1.0': 40 },
      lastAnswers: { 27: 40, 40: 10 },
      deliveries: { all: 40 + 10 * 6, most: 6 },
    });
  });

  it('of which some fall silent, loop or crash shows each as what it is', async () => {
    const named = { 0: 'silent', 1: 'loops', 2: 'crashes-later', 3: 'flaky' } as const;
    const server = await serve(upgrade, { limit: 6 });
    const report = await fleet(server, { boots: { '*': { named } }, until: { afterMs: 40 * HOUR_MS } });
    expect(report.standings).toMatchObject({ silent: 1, looping: 1, 'rolled-back': 1, confirmed: 25 });
    expect(report).toMatchObject({ ended: 'time', elapsedMs: 40 * HOUR_MS, deliveries: { most: 6 } });
  });

  it('that is sent other bytes than were promised says so', async () => {
    const server = await serve({ '1.0.0': { bytes, promised: randomBytes(9) } });
    const report = await fleet(server, { until: { rounds: 1 } });
    expect(report).toMatchObject({ ended: 'rounds', images: { spliced: 28, verified: 0 }, standings: { failed: 28 } });
  });

  it('learns what a package makes of it from whoever knows, once it is there', async () => {
    const asked: string[] = [];
    const versionOf = async (sha256: string): Promise<string | undefined> => {
      asked.push(sha256);
      return asked.length > 14 ? '1.1.0' : undefined;
    };
    const server = await serve(upgrade);
    const report = await fleet(server, { becomes: undefined }, { versionOf });
    expect(report).toMatchObject({ standings: { confirmed: 28 }, images: { verified: 42, unknown: 14 } });
  });

  it('never has more connections open than it may, and says who waited for one', async () => {
    const server = await serve(upgrade);
    const states: FleetState[] = [];
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, server.open());
    }, 0);
    const wish = { poll: { firstWithinMs: 0 }, maxOpen: 4, network: { bytesPerS: [2e6, 3e6] } } as const;
    const spec = fleetSpec({
      ...{ count: 28, projectKey: 'k', firmwareName: 'app', versions: { '1.0.0': 1 }, becomes: '1.1.0', rebootMs: 0 },
      server: { host: '127.0.0.1', port: server.port },
      until: { when: 'confirmed', afterMs: 20_000 },
      ...wish,
    });
    const report = await runFleet(spec, { onProgress: (state) => states.push(state), progressMs: 5 });
    clearInterval(watch);
    expect(report.ended).toBe('confirmed');
    expect(most).toBeLessThanOrEqual(4);
    expect(most).toBeGreaterThan(1);
    expect(states.some(({ late }) => late > 0)).toBe(true);
    expect(Math.max(...states.map(({ open }) => open))).toBe(4);
    expect(report.lateMs.most).toBeGreaterThan(0);
  });

  it('without an interval asks as fast as it is answered: a load in a closed loop', async () => {
    const server = await serve({});
    const spec = fleetSpec({
      ...{ count: 20, projectKey: 'k', firmwareName: 'app', versions: { '1.0.0': 1 }, becomes: '1.1.0', maxOpen: 5 },
      server: { host: '127.0.0.1', port: server.port },
      poll: { everyMs: 0 },
      until: { rounds: 10 },
    });
    const report = await runFleet(spec);
    expect(report).toMatchObject({ ended: 'rounds', asked: 200, answers: { 27: 200 }, answerMs: { count: 200 } });
  });

  it('that is told to stop does so, and tells what it knows', async () => {
    const controller = new AbortController();
    const onProgress = ({ standings }: FleetState): void => {
      if (standings.confirmed >= 5) controller.abort();
    };
    const world = { signal: controller.signal, onProgress, progressMs: 60_000 };
    const report = await fleet(await serve(upgrade), { until: {} }, world);
    expect(report.ended).toBe('stopped');
    expect(report.standings.confirmed).toBeGreaterThanOrEqual(5);
    expect(report.standings.confirmed).toBeLessThan(28);
    const stopped = await fleet(await serve(upgrade), {}, { signal: AbortSignal.abort() });
    expect(stopped).toMatchObject({ ended: 'stopped', asked: 0 });
  });

  it('cannot be held up by a server that does not answer', async () => {
    const server = await serve(upgrade);
    const deaf = await fleet(server, { server: { host: '127.0.0.1', port: 1 }, until: { rounds: 2 } });
    expect(deaf).toMatchObject({ ended: 'rounds', answers: { 'no connection': 56 }, faults: { ECONNREFUSED: 56 } });
  });
});
