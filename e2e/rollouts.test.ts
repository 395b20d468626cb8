import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiExplanation, ApiRollout, ServerOptions } from '@libfota2/server';
import type { FleetState } from '@libfota2/simulator';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Rehearsal, rehearse } from './support/fleet.ts';
import { proof } from './support/proof.ts';
import { PROJECT_KEY } from './support/served.ts';

const prove = process.env['PROVE'] !== undefined;
/** Devices of each scene. */
const COUNT = prove ? 1_000 : 120;
/** Longer than any scene. */
const PATIENCE_MS = prove ? 300_000 : 120_000;

/** What luck alone makes devices take again must not end it; how fast they answer is another machine's matter. */
const OPTIONS: Partial<ServerOptions> = { deliveriesPerDay: 1_000, settleMs: 20 };
const NEVER = {};

interface Scene extends Rehearsal {
  readonly rollout: ApiRollout;
  /** The rollout as it is by now. */
  look(): Promise<ApiRollout>;
  /** Waits until it is so. */
  until(isSo: (rollout: ApiRollout) => boolean): Promise<ApiRollout>;
}

/** A server whose release 1.1.0 is rolled out so, before any device has asked. */
async function rolling(request: object, options: Partial<ServerOptions> = {}): Promise<Scene> {
  const rehearsal = await rehearse(onTestFinished, { ...OPTIONS, ...options });
  const wanted = { release: 1, soakMs: 500, confirm: { percent: 90 }, silentAfterMs: 60_000, ...request };
  const rollout = await rehearsal.admin<ApiRollout>('POST', '/rollouts', wanted);
  const look = (): Promise<ApiRollout> => rehearsal.admin<ApiRollout>('GET', `/rollouts/${rollout.id}`);
  return {
    ...rehearsal,
    rollout,
    look,
    async until(isSo) {
      for (;;) {
        const now = await look();
        if (isSo(now)) return now;
        await sleep(100);
      }
    },
  };
}

/** Devices of a wave that were offered the release. */
function offered({ counts: { underWay, confirmed, failed, rolledBack, silent } }: ApiRollout): number {
  return underWay + confirmed + failed + rolledBack + silent;
}

describe('a rollout over real sockets', { timeout: PATIENCE_MS }, () => {
  it('of a good release reaches all devices of all generations, wave by wave', async () => {
    const waves = [{ percent: 10 }, { percent: 50 }, { percent: 100 }];
    const scene = await rolling({ waves }, { settleMs: 1_000 });
    const report = await scene.live({ count: COUNT, seed: 4 });
    expect(report).toMatchObject({ ended: 'confirmed', standings: { confirmed: COUNT }, images: { spliced: 0 } });
    const { waves: shown, counts, why } = await scene.until(({ state }) => state === 'complete');
    expect({ ...counts, why }).toMatchObject({
      confirmed: COUNT,
      failed: 0,
      silent: 0,
      underWay: 0,
      why: expect.any(String),
    });
    const each = shown.map((wave) => wave.counts.confirmed);
    expect(each.reduce((sum, count) => sum + count, 0)).toBe(COUNT);
    for (const count of each) expect(count).toBeGreaterThan(0);
    expect(scene.server.problems).toEqual([]);
    proof(
      `a good release rolled out to ${COUNT} devices over real sockets, in waves of ${each.join(', ')}: all confirmed`,
    );
  });

  it('that one in five does not start pauses in its first wave, and says why', async () => {
    const pause = { wave: { percent: 10, ofAtLeast: 10 }, overall: NEVER };
    const scene = await rolling({ waves: [{ percent: 25 }, { percent: 100 }], confirm: { percent: 100 }, pause });
    const report = await scene.live({
      count: COUNT,
      seed: 5,
      boots: { '*': { fails: 0.2 } },
      until: { when: 'quiet' },
    });
    const { state, wave, why, counts, waves } = await scene.look();
    expect({ state, wave }).toEqual({ state: 'paused', wave: 1 });
    expect(why).toMatch(/^wave 1: \d+ failed, of \d+ that ended; the threshold is 10 %$/);
    expect(waves[1]?.counts).toMatchObject({ confirmed: 0, failed: 0, underWay: 0 });
    // Nobody but the first wave has ever had it.
    expect(report.deliveries.all).toBeLessThan(COUNT * 0.4);
    expect(report.standings.confirmed).toBe(counts.confirmed);
    proof(`a release that 20 % of ${COUNT} devices do not start paused in its first wave: ${why}`);
  });

  it('pauses at its threshold: it is passed only by downloads that were under way', async () => {
    const limit = 3;
    const pause = { wave: { count: limit }, overall: NEVER };
    const scene = await rolling({ waves: [{ percent: 100 }], pause, limits: { downloads: 4 } });
    await scene.live({ count: COUNT, seed: 6, boots: { '*': { fails: 1 } }, until: { when: 'quiet' } });
    const { state, counts } = await scene.look();
    expect(state).toBe('paused');
    expect(counts.failed).toBeGreaterThanOrEqual(limit);
    // Whoever was offered it before: those who were downloading, and those who were starting with it.
    expect(offered(await scene.look())).toBeLessThan(COUNT);
  });

  it('that makes devices fall silent pauses', async () => {
    const pause = { wave: { count: 5 }, overall: NEVER };
    const scene = await rolling({
      waves: [{ percent: 30 }, { percent: 100 }],
      confirm: { percent: 100 },
      pause,
      silentAfterMs: 3_000,
    });
    await scene.live({ count: COUNT, seed: 7, boots: { '*': { silent: 0.5 } }, until: { when: 'quiet' } });
    const { wave, why, counts } = await scene.until(({ state }) => state === 'paused');
    expect(wave).toBe(1);
    expect(why).toMatch(/\d+ silent/);
    expect(counts.silent).toBeGreaterThanOrEqual(5);
  });

  it('stops with the global stop within a second, resumes too, and goes on when it is lifted', async () => {
    const scene = await rolling({ waves: [{ percent: 100 }] });
    const seen: FleetState[] = [];
    const stop = (isOn: boolean): Promise<unknown> =>
      scene.admin('PUT', '/stop', { isOn, why: isOn ? 'a rehearsal' : '' });
    const life = scene.live({ count: COUNT, seed: 8 }, { progressMs: 50, onProgress: (state) => seen.push(state) });
    const got = (): number => seen.at(-1)?.images.verified ?? 0;
    while (got() < 5) await sleep(20);
    await stop(true);
    await sleep(1_000);
    const before = got();
    expect(before).toBeLessThan(COUNT);
    await sleep(1_500);
    expect(got()).toBe(before);
    await stop(false);
    expect(await life).toMatchObject({ ended: 'confirmed', standings: { confirmed: COUNT } });
  });
});

describe('each reason for which a device gets nothing', { timeout: PATIENCE_MS }, () => {
  it('has its code for the device, and its rule for the operator', async () => {
    const { admin, server } = await rehearse(onTestFinished, {
      ...OPTIONS,
      packages: [1_000, 1_000, 1_000],
      bytesPerDevicePerDay: 1_500,
    });
    const device = async (id: string, changes: Readonly<Record<string, string>> = {}): Promise<number> => {
      const asked = { imei: id, project_key: PROJECT_KEY, firmware_name: 'app', version: '1.0.0', ...changes };
      const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== ''));
      const answer = await fetch(`http://127.0.0.1:${server.port}/upgrade?${query}`);
      if (answer.status === 200) {
        await answer.arrayBuffer();
        return 0;
      }
      return ((await answer.json()) as { code: number }).code;
    };
    const why = async (id: string, version = '1.0.0', firmware = 'app'): Promise<ApiExplanation> => {
      const query = new URLSearchParams({ id, version, firmware });
      return admin<ApiExplanation>('GET', `/projects/sample/explain?${query}`);
    };
    await admin('POST', '/releases/2/floor', { isFloor: true });
    // The highest is for a list.
    await admin('POST', '/rollouts', { release: 3, target: { ids: ['listed'] }, waves: [{ percent: 100 }] });
    await admin('PUT', '/projects/sample/devices/blocked/access', { access: 'blocked' });
    await admin('PATCH', '/projects/sample/devices/pinned', { pin: { version: '1.1.0', mayDowngrade: false } });

    expect(await device('blocked')).toBe(21);
    expect((await why('blocked')).rule).toBe('blocked');
    expect(await device('pinned', { version: '1.1.0' })).toBe(27);
    expect((await why('pinned', '1.1.0')).rule).toBe('pinned');
    expect(await device('unlisted', { version: '1.2.0' })).toBe(27);
    expect((await why('unlisted', '1.2.0')).rule).toBe('not-targeted');
    expect((await why('listed', '1.2.0')).release).toMatchObject({ version: '1.3.0' });
    expect(await device('any', { firmware_name: 'other' })).toBe(26);
    expect((await why('any', '1.0.0', 'other')).rule).toBe('firmware-unknown');
    expect(await device('any', { project_key: 'x'.repeat(32) })).toBe(25);
    expect(await device('')).toBe(3);
    // Not 1.3.0 at once, although it is listed: it must pass through 1.2.0.
    const floor = await why('listed');
    expect(floor.release).toMatchObject({ version: '1.2.0' });
    expect(floor.steps.find(({ rule }) => rule === 'floor')?.says).toContain('1.2.0');
    await admin('POST', '/releases/2/withdraw');
    expect((await why('listed', '1.1.0')).rule).toBe('floor');
    expect(await device('listed', { version: '1.1.0' })).toBe(27);
    expect(await device('greedy')).toBe(0);
    expect(await device('greedy')).toBe(43);
    expect((await why('greedy')).rule).toBe('limit');
    await admin('PUT', '/stop', { isOn: true, why: 'x' });
    expect(await device('late')).toBe(27);
    expect((await why('late')).rule).toBe('stopped');
  });

  it('a device that loops is held after the sixth delivery, and tries again once it is allowed', async () => {
    const { live, admin } = await rehearse(onTestFinished, { settleMs: 0 });
    await live({ count: 10, boots: { '*': { named: { 0: 'loops' } } }, until: { when: 'quiet' } });
    const { items } = await admin<{ items: Array<{ id: string; record: { rule: string } }> }>(
      'GET',
      '/devices?limit=100',
    );
    const held = items.filter(({ record }) => record.rule === 'upgrade-loop').map(({ id }) => id);
    expect(held).toHaveLength(1);
    const explain = (): Promise<ApiExplanation> =>
      admin<ApiExplanation>('GET', `/projects/sample/explain?id=${held[0]}`);
    expect(await explain()).toMatchObject({ rule: 'upgrade-loop', code: 40 });
    await admin('PUT', `/projects/sample/devices/${held[0]}/access`, { access: 'allowed' });
    expect(await explain()).toMatchObject({ rule: 'newer-release', code: 0 });
  });
});
