import { join } from 'node:path';
import { formatKeyRing } from '@libfota2/protocol';
import { type FotaServer, startServer } from '@libfota2/server';
import { type Authority, makeCertificate, makeImage, makeSigner, sha256Hex } from '@libfota2/testkit';
import { createFota, type Outcome } from 'libfota2';
import { installer, type Trials } from 'libfota2/slots';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeBundle, RaucMachine, raucTools } from './support/rauc.ts';

const tools = raucTools();
const [signer, ringSigner] = [makeSigner(1), makeSigner(2)];
const trust = formatKeyRing({
  project: 'gateway',
  serial: 1,
  releaseKeys: [signer.publicKey],
  ringKeys: [ringSigner.publicKey],
});
const workshop = makeCertificate({ name: 'workshop', authority: true });
const [third, fourth] = [makeImage(3, 100_000), makeImage(4, 90_000)];

describe.skipIf(tools === undefined)('a machine whose slots are of RAUC', () => {
  let machine: RaucMachine;
  let server: FotaServer;
  let productKey: string;
  let place: Trials;
  const heard: (number | undefined)[] = [];

  const publish = async (version: string, content: Uint8Array, by: Authority): Promise<string> => {
    const bundle = await makeBundle(tools?.rauc ?? '', content, by);
    const signature = signer.release(bundle, { version });
    await server.publish({ project: 'gateway', firmwareName: 'gateway', version, package: [bundle], signature });
    return sha256Hex(bundle);
  };
  const upgrade = (version: string): Promise<Outcome> =>
    createFota({ ...place, trust, project: 'gateway', imei: '861', productKey, version }).upgrade({
      url: `${server.url}/upgrade`,
    });
  const holds = async (slot: 'A' | 'B', content: Uint8Array): Promise<boolean> =>
    (await machine.slot(slot)).subarray(0, content.length).equals(content);

  beforeAll(async () => {
    machine = await RaucMachine.make(tools ?? { rauc: '', bus: '' }, workshop);
    vi.stubEnv('DBUS_SYSTEM_BUS_ADDRESS', machine.env.DBUS_SYSTEM_BUS_ADDRESS);
    server = await startServer({ dataDir: join(machine.home, 'data') });
    productKey = (await server.createProject('gateway')).key;
    await server.operator.setKeyRing('gateway', { text: trust });
    place = installer({
      dir: join(machine.home, 'fota'),
      command: ['rauc', 'install', '{file}'],
      confirm: ['rauc', 'status', 'mark-good'],
      giveUp: ['rauc', 'status', 'mark-bad'],
      running: async () => machine.runs,
      onProgress: ({ percent }) => heard.push(percent),
    });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server.close();
    await machine.stop();
  });

  it('changes nothing for a bundle that somebody else has signed', async () => {
    await publish('2.0.0', makeImage(2, 80_000), makeCertificate({ name: 'workshop', authority: true }));
    const outcome = await upgrade('1.0.0');
    expect(outcome).toMatchObject({ result: 4, code: 'installer-failed' });
    expect(outcome.message).toContain('signature verification failed');
    expect((await machine.slot('B')).every((byte) => byte === 0)).toBe(true);
    expect(await machine.loader()).toEqual({ primary: 'A', A: 'good', B: 'bad' });
    expect(await place.standing()).toEqual({ runs: undefined, isTried: false, isStarted: false, fell: undefined });
  });

  it('starts a bundle of the upgrade server from its other slot, gives it up, and does not load it again', async () => {
    const sha256 = await publish('3.0.0', third, workshop);
    heard.length = 0;
    expect(await upgrade('1.0.0')).toMatchObject({ result: 0, file: 'the slots of rauc', sha256 });
    expect(heard).toEqual(expect.arrayContaining([0, 40, 80, 100]));
    expect(await holds('B', third)).toBe(true);
    expect(await machine.loader()).toEqual({ primary: 'B', A: 'good', B: 'good' });
    expect(await place.standing()).toMatchObject({ runs: sha256, isTried: true, isStarted: false });
    await machine.restart();
    expect(await place.standing()).toMatchObject({ runs: sha256, isTried: true, isStarted: true });
    expect(await place.giveUp()).toBe(true);
    expect(await machine.loader()).toEqual({ primary: 'B', A: 'good', B: 'bad' });
    await machine.restart();
    expect(machine.runs).toBe('A');
    expect(await place.standing()).toMatchObject({ isTried: false, fell: sha256 });
    expect(await upgrade('1.0.0')).toMatchObject({ code: 'no-upgrade', bytes: 0 });
  });

  it('takes the next one, and stays with it', async () => {
    const sha256 = await publish('4.0.0', fourth, workshop);
    expect(await upgrade('1.0.0')).toMatchObject({ result: 0, sha256 });
    await machine.restart();
    expect(await place.confirm()).toBe(true);
    expect(await place.standing()).toEqual({ runs: sha256, isTried: false, isStarted: true, fell: undefined });
    expect([machine.runs, await holds('B', fourth)]).toEqual(['B', true]);
    expect(await machine.loader()).toEqual({ primary: 'B', A: 'good', B: 'good' });
  });
});
