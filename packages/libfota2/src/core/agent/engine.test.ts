import { FakeClock, fakeWorld, sha256Hex } from '@libfota2/testkit';
import { failure } from 'libfota2/core';
import { expect, it } from 'vitest';
import { Device, NEW, NEXT, OLD } from '../../../test/agent-device.ts';
import type { Standing } from '../trials.ts';
import type { AgentOptions } from './options.ts';

const HOUR = 3_600_000;

it('takes a device to the next version, and the server hears of it', async () => {
  const device = new Device();
  const agent = device.agent();
  await agent.checkNow();
  expect(agent.status).toMatchObject({
    stage: 'confirmed',
    release: { sha256: sha256Hex(NEW), size: NEW.length },
    version: '1.1.0',
  });
  expect(device.standing).toMatchObject({ runs: sha256Hex(NEW), isTried: false, isStarted: true });
  expect(device.restarts).toBe(1);
  expect(device.told).toEqual(['installed', 'version']);
  expect(device.reports.at(-1)).toMatchObject({ version: '1.1.0' });
  const seen = device.stages.map(({ stage }) => stage).filter((stage, index, all) => stage !== all[index - 1]);
  expect(seen).toEqual(['checking', 'downloading', 'verifying', 'installing', 'ready', 'trying', 'confirmed']);
  expect(device.stages.some(({ progress }) => progress?.bytes === NEW.length)).toBe(true);
});

it('asks every 4 hours, jittered, and not before the server wishes', async () => {
  const device = new Device();
  device.answer = () => ({ status: 404, headers: { 'retry-after': String(10 * 3_600) } });
  const agent = device.agent();
  agent.start();
  agent.start();
  await device.clock.advance(5 * HOUR);
  expect(device.questions).toBe(1);
  expect(agent.status.nextCheckMs).toBeGreaterThan(device.clock.wallMs() + 8 * HOUR);
  expect(agent.status.lastCheck).toMatchObject({ code: 'no-upgrade' });
  await agent.stop();
  expect(device.clock.timers).toBe(0);
});

it('asks after a day at the latest, whatever the server wishes', async () => {
  const device = new Device();
  device.answer = () => ({ status: 404, headers: { 'retry-after': String(10 * 365 * 86_400) } });
  const agent = device.agent();
  agent.start();
  await device.clock.advance(30 * HOUR);
  expect(device.questions).toBe(2);
  await agent.stop();
});

it('brings the old version back where a new one is not well in time, and takes the next', async () => {
  const device = new Device();
  const agent = device.agent({
    probe: async () => (device.standing.runs === sha256Hex(NEW) ? 'answered 503' : undefined),
    lastLines: async () => ['listening on 8080', 'cannot open the bus'],
  });
  await agent.checkNow();
  expect(agent.status).toMatchObject({
    stage: 'rolled-back',
    failure: { code: 'rolled-back', message: 'answered 503' },
    version: '1.0.0',
  });
  expect(device.standing).toMatchObject({ runs: sha256Hex(OLD), fell: sha256Hex(NEW), isStarted: true });
  expect(device.told).toEqual(['installed', 'rolled-back']);
  expect(device.reports.at(-1)?.log).toEqual(['listening on 8080', 'cannot open the bus', 'answered 503']);
  device.image = NEXT;
  await agent.checkNow();
  expect(agent.status.stage).toBe('confirmed');
});

it('hears of a version that the launcher brought back, and that it confirmed itself', async () => {
  for (const [standing, stage] of [
    [{ runs: sha256Hex(OLD), isTried: false, isStarted: true, fell: sha256Hex(NEW) }, 'rolled-back'],
    [{ runs: sha256Hex(NEW), isTried: false, isStarted: true, fell: undefined }, 'confirmed'],
  ] as const) {
    const device = new Device();
    const agent = device.agent({ probe: undefined });
    const done = agent.checkNow();
    device.clock.after(HOUR, () => {
      device.standing = standing;
    });
    await done;
    expect(agent.status.stage).toBe(stage);
  }
});

it('gives up what has not confirmed itself, where nothing else would', async () => {
  const device = new Device();
  const agent = device.agent({ probe: undefined, probeWithinMs: HOUR });
  await agent.checkNow();
  expect(agent.status).toMatchObject({ stage: 'rolled-back', failure: { message: 'It has not confirmed itself.' } });
  expect(device.clock.uptimeMs()).toBeGreaterThanOrEqual(HOUR);
});

it('puts off what it may not do yet, says so, and asks for consent again without asking the server', async () => {
  const device = new Device();
  const answers: { readonly reason: string; readonly forMs: number }[] = [
    { reason: 'outside of its window', forMs: HOUR },
    { reason: 'still outside', forMs: HOUR },
  ];
  const agent = device.agent({
    mayInstall: async ({ sha256, size }) => {
      expect([sha256, size]).toEqual([undefined, NEW.length]);
      return answers.shift() ?? true;
    },
    mayReboot: async () => (answers.length === 0 && device.restarts === 0 ? true : { reason: 'no', forMs: 1 }),
  });
  await agent.checkNow();
  expect(agent.status).toMatchObject({ stage: 'idle', wait: { reason: 'outside of its window' } });
  expect([device.told, device.questions]).toEqual([['deferred'], 1]);
  expect(device.reports[0]).toMatchObject({ reason: 'outside of its window', until: Date.UTC(2026, 0, 1, 1) / 1_000 });
  // The clock goes by itself.
  while (agent.status.stage !== 'confirmed') await device.clock.advance(0);
  // It was looked at once more when it might go on: it could have been withdrawn.
  expect(device.questions).toBe(3);
  expect(device.told).toEqual(['deferred', 'deferred', 'installed', 'version']);
});

it('downloads nothing but what was consented to', async () => {
  const device = new Device();
  const digest = Buffer.from(sha256Hex(NEW), 'hex').toString('base64');
  device.answer = () => ({ body: device.image, headers: { 'repr-digest': `sha-256=:${digest}:` } });
  const agent = device.agent({
    mayInstall: async () => {
      device.image = NEXT;
      device.answer = () => ({ body: NEXT });
      return true;
    },
  });
  await agent.checkNow();
  expect(agent.status).toMatchObject({ stage: 'failed', failure: { code: 'digest-mismatch' } });
  expect(device.standing.runs).toBe(sha256Hex(OLD));
  expect(device.told).toEqual(['failed']);
});

it('does not download again what it gave up, or runs, where the server offers it all the same', async () => {
  const device = new Device();
  const digest = Buffer.from(sha256Hex(NEW), 'hex').toString('base64');
  device.answer = () => ({ body: NEW, headers: { 'repr-digest': `sha-256=:${digest}:` } });
  device.standing = { ...device.standing, fell: sha256Hex(NEW) };
  await device.agent().checkNow();
  device.standing = { runs: sha256Hex(NEW), isTried: false, isStarted: true, fell: undefined };
  const agent = device.agent();
  await agent.checkNow();
  expect(agent.status.stage).toBe('idle');
  expect(device.questions).toBe(2);
  expect(device.disk.shown).toBe(undefined);
});

it('owes the server what it could not tell, and tells it when it can', async () => {
  const device = new Device();
  device.reportAnswer = () => failure('connection-refused', 'nobody', 'connect');
  await device.agent().checkNow();
  expect(device.told).toEqual([]);
  device.reportAnswer = () => ({ body: '{"code":0}' });
  device.answer = () => ({ status: 404 });
  await device.agent().checkNow();
  expect(device.told).toEqual(['installed', 'version']);
  await device.agent().checkNow();
  expect(device.told).toEqual(['installed', 'version']);
});

it('does not tell a server again that takes no reports', async () => {
  const device = new Device();
  device.reportAnswer = () => ({ status: 404 });
  await device.agent().checkNow();
  const { length } = device.reports;
  expect(length).toBe(2);
  device.answer = () => ({ status: 404 });
  await device.agent().checkNow();
  expect(device.reports.length).toBe(length);
});

it.each<[string, Standing, Partial<AgentOptions>, string]>([
  ['before the restart', { runs: sha256Hex(NEW), isTried: true, isStarted: false, fell: undefined }, {}, 'confirmed'],
  ['on trial', { runs: sha256Hex(NEW), isTried: true, isStarted: true, fell: undefined }, {}, 'confirmed'],
  ['fallen', { runs: sha256Hex(OLD), isTried: false, isStarted: true, fell: sha256Hex(NEW) }, {}, 'rolled-back'],
])('a new process goes on with a version that is %s', async (_, standing, options, stage) => {
  const device = new Device();
  const first = device.agent({ restart: () => new Promise<void>(() => {}), probe: undefined });
  void first.checkNow();
  while (first.status.stage !== 'trying') await device.clock.advance(0);
  // It is killed there; its promises never resolve.
  device.standing = standing;
  const second = device.agent(options);
  second.start();
  while (second.status.stage !== stage) await device.clock.advance(0);
  expect(second.status.release?.sha256).toBe(sha256Hex(NEW));
  await second.stop();
});

it('orders a restart again that has not come about', async () => {
  const device = new Device();
  let orders = 0;
  const agent = device.agent({
    restart: async () => {
      orders += 1;
      if (orders === 1) throw new Error('systemctl: no such unit');
      if (orders === 3) device.standing = { ...device.standing, isStarted: true };
    },
  });
  await agent.checkNow();
  expect(agent.status).toMatchObject({ stage: 'ready', wait: { reason: 'The restart has not come about.' } });
  while (agent.status.stage !== 'confirmed') await device.clock.advance(0);
  expect(orders).toBe(3);
});

it('takes an image from elsewhere under the same checks, where somebody wants it now', async () => {
  const device = new Device();
  device.answer = () => failure('host-not-found', 'no network', 'connect');
  const agent = device.agent({ mayInstall: async () => ({ reason: 'outside', forMs: HOUR }) });
  const stick = fakeWorld(() => ({ body: NEXT }), { clock: device.clock });
  const waiting = await agent.install({ transport: stick.transport, url: 'http://stick/next.bin' });
  expect(waiting.kind).toBe('available');
  expect(agent.status).toMatchObject({ stage: 'idle', wait: { reason: 'outside' } });
  const outcome = await agent.install({ transport: stick.transport, url: 'http://stick/next.bin', isConsented: true });
  expect(outcome).toMatchObject({ kind: 'downloaded', sha256: sha256Hex(NEXT) });
  expect(agent.status.stage).toBe('confirmed');
  await agent.stop();
});

it('lives with a journal that is damaged, and with one that cannot be written', async () => {
  const device = new Device();
  device.journal.vault[0] = 'nonsense';
  device.journal.vault[1] = 'more of it';
  const agent = device.agent();
  await agent.checkNow();
  expect(device.events).toContain('journal-damaged');
  expect(agent.status.stage).toBe('confirmed');
  device.journal.fault = (step) => (step === 'keep' ? new Error('EIO') : undefined);
  device.image = NEXT;
  const other = device.agent();
  await other.checkNow();
  expect(device.events).toContain('journal-unwritten');
  expect(other.status.stage).toBe('confirmed');
});

it('tells a place that wants to hear of it of each of its starts, once, and confirms nothing by that', async () => {
  const device = new Device();
  device.answer = () => ({ status: 404 });
  const agent = device.agent();
  await agent.checkNow();
  await agent.checkNow();
  expect([device.marks, device.confirmations]).toEqual([1, 0]);
  device.standing = { ...device.standing, isTried: true, isStarted: false };
  await device.agent({ mayReboot: async () => ({ reason: 'not now', forMs: HOUR }) }).checkNow();
  expect([device.marks, device.confirmations, device.standing.isTried]).toEqual([2, 0, true]);
});

it('goes on where the place cannot be told of its start', async () => {
  const device = new Device();
  const markGood = async () => Promise.reject(failure('installer-failed', 'rauc ended with 1.', 'store'));
  const agent = device.agent({ place: { ...device.place, markGood } });
  device.answer = () => ({ status: 404 });
  await agent.checkNow();
  expect(device.events).toContain('start-unmarked');
  expect(agent.status.lastCheck).toMatchObject({ code: 'no-upgrade' });
});

it('ends in the midst of a download when it is stopped, and goes on with what came', async () => {
  const device = new Device(new FakeClock());
  device.answer = () => ({
    body: NEW,
    headers: { etag: '"new"' },
    fault: { afterBytes: 32_768, how: 'stall' },
  });
  const agent = device.agent();
  const done = agent.checkNow();
  while (agent.status.progress?.bytes !== 32_768) await device.clock.advance(0);
  await agent.stop();
  await done;
  expect(device.disk.parts.size).toBe(1);
  device.answer = () => ({
    status: 206,
    body: NEW.subarray(32_768),
    headers: { etag: '"new"', 'content-range': `bytes 32768-${NEW.length - 1}/${NEW.length}` },
  });
  const next = device.agent();
  next.start();
  while (next.status.stage !== 'confirmed') await device.clock.advance(1_000);
  await next.stop();
});
