import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatKeyRing, type KeyRing } from '@libfota2/protocol';
import { type FotaServer, startServer } from '@libfota2/server';
import { makeImage, makeSigner, type Signer } from '@libfota2/testkit';
import { createFota, type Outcome } from 'libfota2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const [signer, ringSigner, newSigner, newRingSigner] = [makeSigner(1), makeSigner(2), makeSigner(3), makeSigner(4)];
const ringOf = (serial: number, ...release: readonly Signer[]): KeyRing => ({
  project: 'gateway',
  serial,
  releaseKeys: release.map(({ publicKey }) => publicKey),
  ringKeys: [ringSigner.publicKey],
});
/** What the factory gives each device. */
const trust = formatKeyRing(ringOf(1, signer));

/** What a new workshop begins with, where the ring keys of the old one are lost. */
const anew = formatKeyRing({ ...ringOf(4, newSigner), ringKeys: [newRingSigner.publicKey] });

describe('from a stolen key to a fleet that no longer believes it', () => {
  let root: string;
  let server: FotaServer;
  let productKey: string;
  const versions = new Map<string, string>();

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'libfota2 rings '));
    server = await startServer({ dataDir: join(root, 'data') });
    productKey = (await server.createProject('gateway')).key;
    await server.operator.setKeyRing('gateway', { text: trust });
  });
  afterAll(async () => {
    await server.close();
    await rm(root, { recursive: true });
  });

  /** Asks once, and runs from then on what it took. */
  const ask = async (name: string, url = server.url, ring = trust): Promise<Outcome> => {
    const version = versions.get(name) ?? '1.0.0';
    const about = { project: 'gateway', imei: name, productKey, version };
    const fota = createFota({ dir: join(root, name), trust: ring, ...about });
    const outcome = await fota.upgrade({ url: `${url}/upgrade` });
    if (outcome.kind === 'downloaded') versions.set(name, outcome.manifest?.version ?? version);
    return outcome;
  };
  const publish = async (version: string, by: Signer, bytes = makeImage(Number.parseInt(version, 10), 90_000)) =>
    server.publish({
      project: 'gateway',
      firmwareName: 'gateway',
      version,
      package: [bytes],
      signature: by.release(bytes, { version, firmwareName: 'gateway' }),
    });
  const turn = (ring: KeyRing) => server.operator.setKeyRing('gateway', ringSigner.link(ring));

  it('takes what is signed, and nothing that is not', async () => {
    await expect(publish('2.0.0', newSigner)).rejects.toMatchObject({ code: 'signature-unknown-key' });
    await publish('2.0.0', signer);
    expect(await ask('first')).toMatchObject({ result: 0, manifest: { version: '2.0.0' }, keyRing: { serial: 1 } });
    expect(await ask('first')).toMatchObject({ code: 'no-upgrade', reason: 'newest' });
  });

  it('gets the ring with both keys, then the one without the stolen key, each with any answer', async () => {
    await turn(ringOf(2, signer, newSigner));
    expect(await ask('first')).toMatchObject({ reason: 'newest', keyRing: { serial: 2, updated: true } });
    await publish('3.0.0', newSigner);
    expect(await ask('first')).toMatchObject({ result: 0, manifest: { version: '3.0.0' } });
    // The thief has a token that publishes, too: what the key signs is believed, until the key is taken out.
    await publish('3.6.6', signer);
    const { warnings } = await turn(ringOf(3, newSigner));
    expect(warnings.join()).toContain('3.6.6');
    expect(await ask('first')).toMatchObject({ reason: 'newest', keyRing: { serial: 3, updated: true } });
    // This one slept through it all.
    expect(await ask('sleeper')).toMatchObject({
      manifest: { version: '3.0.0' },
      keyRing: { serial: 3, updated: true },
    });
  });

  it('takes nothing more from the thief, whose server says what he likes', async () => {
    const thief = await startServer({ dataDir: join(root, 'thief'), devicePort: 0 } as Parameters<
      typeof startServer
    >[0]);
    try {
      await thief.createProject('gateway', productKey);
      const bytes = makeImage(9, 90_000);
      const signature = signer.release(bytes, { version: '9.0.0', firmwareName: 'gateway' });
      await thief.publish({
        project: 'gateway',
        firmwareName: 'gateway',
        version: '9.0.0',
        package: [bytes],
        signature,
      });
      for (const name of ['first', 'sleeper']) {
        expect(await ask(name, thief.url)).toMatchObject({ code: 'signature-unknown-key', keyRing: { serial: 3 } });
      }
    } finally {
      await thief.close();
    }
    await publish('4.0.0', newSigner);
    for (const name of ['first', 'sleeper']) expect(await ask(name)).toMatchObject({ result: 0 });
    expect([...versions]).toEqual([
      ['first', '4.0.0'],
      ['sleeper', '4.0.0'],
    ]);
  });

  it('gets a ring of new ring keys inside an application, and whoever misses that stays with the old one', async () => {
    // The application that brings it is signed by a release key, which is not lost.
    await publish('5.0.0', newSigner);
    expect(await ask('first')).toMatchObject({ manifest: { version: '5.0.0' }, keyRing: { serial: 3 } });
    await server.operator.setKeyRing('gateway', { text: anew, replace: true });
    expect(await ask('first', server.url, anew)).toMatchObject({ reason: 'newest', keyRing: { serial: 4 } });
    const next = { ...ringOf(5, newSigner), ringKeys: [newRingSigner.publicKey] };
    await server.operator.setKeyRing('gateway', newRingSigner.link(next));
    expect(await ask('first', server.url, anew)).toMatchObject({ keyRing: { serial: 5, updated: true } });
    expect(await ask('sleeper')).toMatchObject({ manifest: { version: '5.0.0' }, keyRing: { serial: 3 } });
  });
});
