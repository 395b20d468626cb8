import { parseReport } from '@libfota2/protocol';
import { FakeClock, fakeWorld, type Script } from '@libfota2/testkit';
import { createCore, type DeviceReport, failure, type UpgradeOptions } from 'libfota2/core';
import { describe, expect, it } from 'vitest';

const FACTS = { project: 'gateway', version: '1.1.0', productKey: 'key 1' };
const url = 'http://h:8000/upgrade';

function device(script: Script, clock = new FakeClock({ auto: true })) {
  const world = fakeWorld(script, { clock });
  const fota = createCore(world, FACTS);
  const tell = (report: DeviceReport, options: UpgradeOptions = {}) => fota.report(report, { url, ...options });
  return { world, fota, tell };
}

describe('a report', () => {
  it('goes to the server that is asked for upgrades, and says who speaks', async () => {
    const { tell, world } = device(() => ({ body: '{"code":0}' }));
    const report = { state: 'rolled-back', release: '1.2.0', code: 7, log: ['it did not start'] } as const;
    expect(await tell(report)).toMatchObject({ kind: 'reported', status: 200, attempts: 1, url });
    const [ask] = world.asks;
    expect(ask).toMatchObject({
      method: 'POST',
      url: 'http://h:8000/d/key%201/gateway/report',
      headers: { 'content-type': 'application/json' },
    });
    const told = { id: '860000000000001', version: '1.1.0', bytes: undefined, report: undefined, ...report };
    expect(parseReport(String(ask?.body))).toEqual(told);
    expect(world.clock.timers).toBe(0);
  });

  it('goes below the address of the plain contract, where that is asked', async () => {
    const { tell, world } = device(() => ({ body: '{"code":0}' }));
    for (const plain of ['http://h/d/other/name', 'http://h/d/other/name/', 'http://h/d/other/name?id=7']) {
      expect(await tell({}, { url: plain })).toMatchObject({ kind: 'reported' });
    }
    expect(new Set(world.asks.map((ask) => ask.url))).toEqual(new Set(['http://h/d/other/name/report']));
  });

  it('is within what a server takes, however much there is to say', async () => {
    const { tell, world } = device(() => ({ body: '{"code":0}' }));
    await tell({ log: Array.from({ length: 100 }, (_, n) => `${n} ${'x'.repeat(1_000)}`) });
    const told = parseReport(String(world.asks[0]?.body));
    expect(String(world.asks[0]?.body).length).toBeLessThan(16_384);
    expect(told).toMatchObject({ log: expect.arrayContaining([expect.stringMatching(/^99 x{197}$/)]) });
  });

  it.each<[string, Script, object]>([
    [
      'that is refused',
      () => ({ status: 403, body: '{"code": 17, "msg": "who?"}' }),
      { code: 'report-refused', result: 4 },
    ],
    ['at a server that fails', () => ({ status: 500 }), { code: 'server-error', result: 4, retryable: true }],
    [
      'where nobody listens',
      () => failure('connection-refused', 'no', 'connect'),
      { code: 'connection-refused', result: 1 },
    ],
    ['that is never answered', () => 'silence', { result: 3 }],
  ])('%s says so', async (_, script, wanted) => {
    expect(await device(script).tell({ state: 'failed' })).toMatchObject({ kind: 'failed', ...wanted });
  });

  it('tells the words of a refusal, and when the server wishes to hear again', async () => {
    const { tell } = device(() => ({
      status: 403,
      headers: { 'retry-after': '60' },
      body: '{"code": 17, "msg": "who?"}',
    }));
    const outcome = await tell({});
    expect(outcome.message).toContain('code 17: who?');
    expect(outcome.retryAfterMs).toBe(60_000);
  });

  it('goes to no server that takes none, and from nobody', async () => {
    const { fota, world } = device(() => ({}));
    const platform = { version: '1.0.0', productKey: 'k' };
    expect(await fota.report({}, platform)).toMatchObject({ kind: 'failed', code: 'option-invalid' });
    const nobody = createCore(fakeWorld(() => ({})));
    expect(await nobody.report({}, { url })).toMatchObject({ kind: 'failed', code: 'option-invalid' });
    expect(world.asks).toEqual([]);
  });

  it('is given up with the reason of its signal', async () => {
    const stop = new AbortController();
    const { tell } = device(() => 'silence', new FakeClock());
    const told = tell({}, { signal: stop.signal });
    stop.abort('enough');
    await expect(told).rejects.toBe('enough');
  });
});
