import { FakeClock, sha256Hex } from '@libfota2/testkit';
import { expect, it } from 'vitest';
import { Device, NEW, OLD } from '../../../test/agent-device.ts';
import { failure } from '../errors.ts';
import type { Agent } from './options.ts';

const HOUR = 3_600_000;

/** Until it stands so; the clock goes by itself. */
async function until({ clock }: Device, agent: Agent, stage: string): Promise<void> {
  for (let turns = 0; agent.status.stage !== stage; turns += 1) {
    if (turns > 20_000) throw new Error(`it is ${agent.status.stage}, and not ${stage}`);
    await clock.advance(0);
  }
}

it('takes it for nothing where the last byte shows that it runs already', async () => {
  const device = new Device();
  const { place } = device;
  const done = async () => Promise.reject(failure('image-runs', 'It is in slot a already.', 'store'));
  const agent = device.agent({ place: { ...place, target: Object.assign(Object.create(place.target), { done }) } });
  await agent.checkNow();
  expect([agent.status.stage, agent.status.failure, device.told]).toEqual(['idle', undefined, []]);
  await agent.stop();
});

it('brings the old version back also where its restart fails at first, and asks nobody for consent to that', async () => {
  const device = new Device();
  let orders = 0;
  const agent = device.agent({
    probe: async () => (device.standing.runs === sha256Hex(NEW) ? 'answered 503' : undefined),
    mayReboot: async () => (orders === 0 ? true : { reason: 'by day', forMs: HOUR }),
    async restart() {
      orders += 1;
      if (orders === 2) throw new Error('systemctl failed');
      if (orders !== 3) device.standing = { ...device.standing, isStarted: true };
    },
  });
  await agent.checkNow();
  expect(device.told).toEqual(['installed', 'deferred']);
  await until(device, agent, 'rolled-back');
  expect([orders, device.standing.isStarted]).toEqual([4, true]);
  expect(device.told.at(-1)).toBe('rolled-back');
  await agent.stop();
});

it('gives up a version that no restart ever starts, and does not restart a machine again and again for it', async () => {
  const device = new Device();
  let orders = 0;
  const boot = () =>
    device.agent({
      restart: () => {
        orders += 1;
        // The machine goes down, and its boot loader starts the old version all the same.
        return new Promise<void>(() => {});
      },
    });
  let agent = boot();
  void agent.checkNow();
  const started = device.clock.uptimeMs();
  for (let boots = 1; device.standing.isTried || boots === 1; boots += 1) {
    await until(device, agent, 'trying');
    if (boots > 20) throw new Error('it restarts for ever');
    agent = boot();
    agent.start();
    while (!['trying', 'rolled-back'].includes(agent.status.stage)) await device.clock.advance(0);
    if (agent.status.stage === 'rolled-back') break;
  }
  expect(orders).toBe(5);
  expect(device.clock.uptimeMs() - started).toBeGreaterThan(30 * 60_000);
  expect(device.standing).toMatchObject({ runs: sha256Hex(OLD), isTried: false, fell: sha256Hex(NEW) });
  await agent.stop();
});

it('tries a version that somebody else started while its restart has to wait', async () => {
  const device = new Device(new FakeClock());
  const agent = device.agent({ mayReboot: async () => ({ reason: 'by night', forMs: 8 * HOUR }) });
  await agent.checkNow();
  expect(agent.status).toMatchObject({ stage: 'ready', wait: { reason: 'by night' } });
  await device.clock.advance(HOUR);
  expect(agent.status.stage).toBe('ready');
  device.standing = { ...device.standing, isStarted: true };
  await device.clock.advance(20_000);
  expect(agent.status.stage).toBe('confirmed');
  expect(device.restarts).toBe(0);
  await agent.stop();
});

it.each([
  [undefined, 'It tells no version, and would get no other one.'],
  ['1.0.9', 'It tells the version 1.0.9, and is signed as 1.1.0.'],
])('does not confirm what tells the version %j, for it would never get the next one', async (tells, message) => {
  const device = new Device();
  const isNew = (): boolean => device.standing.isStarted && device.standing.runs === sha256Hex(NEW);
  const agent = device.agent({ version: async () => (isNew() ? tells : '1.0.0') });
  const release = { version: '1.1.0', size: NEW.length, sha256: sha256Hex(NEW) };
  device.standing = { runs: sha256Hex(NEW), isTried: true, isStarted: true, fell: undefined };
  await device.remember({ stage: 'trying', release });
  await agent.checkNow();
  expect(agent.status).toMatchObject({ stage: 'rolled-back', failure: { message } });
});

it('has to be well for as long as it is told, and not only once', async () => {
  const device = new Device();
  let asked = 0;
  const agent = device.agent({
    probeForMs: 10_000,
    probe: async () => {
      asked += 1;
      return device.standing.runs !== sha256Hex(NEW) || asked % 5 > 0 ? undefined : 'it ended';
    },
  });
  await agent.checkNow();
  expect(agent.status).toMatchObject({ stage: 'rolled-back', failure: { message: 'it ended' } });
  const well = new Device();
  const steady = well.agent({ probeForMs: 10_000 });
  await steady.checkNow();
  expect(steady.status.stage).toBe('confirmed');
  expect(well.clock.uptimeMs()).toBeGreaterThanOrEqual(10_000);
});

it('is not given up for one bad answer that comes late', async () => {
  const device = new Device();
  let bad = 0;
  const agent = device.agent({
    probeForMs: 5_000,
    probeWithinMs: 4_000,
    probe: async () => {
      const isLate = device.clock.uptimeMs() > 4_500 && bad === 0;
      if (isLate) bad += 1;
      return isLate ? 'it was started again' : undefined;
    },
  });
  await agent.checkNow();
  expect([agent.status.stage, bad]).toEqual(['confirmed', 1]);
});

it('goes on, slowly, where the place does not confirm what is well', async () => {
  const device = new Device();
  const place = { ...device.place, confirm: async () => false };
  const agent = device.agent({ place });
  const done = agent.checkNow();
  await until(device, agent, 'trying');
  const from = device.clock.uptimeMs();
  const { length } = device.stages;
  while (device.clock.uptimeMs() - from < 60_000) await device.clock.advance(0);
  expect(device.stages.length - length).toBeLessThan(300);
  expect(agent.status.failure).toMatchObject({ code: 'place-failed' });
  await agent.stop();
  await done;
});

it('asks all the same where its journal cannot be read', async () => {
  const device = new Device();
  device.journal.vault[0] = 'torn';
  device.journal.fault = (step) => (step === 'recall' ? Object.assign(new Error('EIO'), { code: 'EIO' }) : undefined);
  const agent = device.agent();
  await agent.checkNow();
  expect(device.events).toContain('journal-damaged');
  expect(agent.status.stage).toBe('confirmed');
});
