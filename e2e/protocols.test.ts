import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FotaServer, type PublishOptions, type ServerOptions, startServer } from '@libfota2/server';
import { simulate } from '@libfota2/simulator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Asking, firmwareNameOf, PROTOCOLS } from './support/protocols.ts';

const KEY = 'k'.repeat(32);
const NEWEST = '001.000.006';
const device: Asking = {
  id: '868488076506128',
  idKind: 'imei',
  projectKey: KEY,
  script: 'demo',
  version: '001.000.005',
};
const image = randomBytes(20_000);

let dataDir: string;
let server: FotaServer;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'fota protocols '));
  await start();
  await server.createProject('p', KEY);
});

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  server = await startServer({ dataDir, ...options });
}

afterEach(async () => {
  await server.close();
  await rm(dataDir, { recursive: true });
});

function publish(changes: Partial<PublishOptions> = {}) {
  const release = {
    project: 'p',
    firmwareName: firmwareNameOf(device),
    version: NEWEST,
    core: 'V2012',
    package: [image],
  };
  return server.publish({ ...release, ...changes });
}

interface Case {
  readonly what: string;
  prepare?(): Promise<unknown>;
  readonly asking?: Partial<Asking>;
  /** How often it asks. Default once. */
  readonly times?: number;
  /** Of the last answer. */
  readonly code: number;
  /** Events, codes and rules of the log, the newest first. */
  readonly log: readonly string[];
}

const delivered = ['sent 0', 'offered 0 newer-release'];

/** The same decision, whoever asks. */
const CASES: readonly Case[] = [
  { what: 'is sent a newer release', code: 0, log: delivered },
  { what: 'hears that it has the newest', asking: { version: NEWEST }, code: 27, log: ['refused 27 newest'] },
  { what: 'hears so of a version above', asking: { version: '1.0.7' }, code: 27, log: ['refused 27 newest'] },
  {
    what: 'that is blocked hears so',
    prepare: () => server.operator.setAccess('p', device.id, 'blocked'),
    code: 21,
    log: ['refused 21 blocked'],
  },
  {
    what: 'that nobody allowed gets nothing where the registration is closed',
    prepare: () => server.operator.updateProject('p', { registration: 'closed' }),
    code: 17,
    log: ['refused 17 unregistered'],
  },
  {
    what: 'with a key of nobody is a stranger',
    asking: { projectKey: 'x'.repeat(32) },
    code: 25,
    log: ['refused 25 project-unknown'],
  },
  {
    what: 'of another firmware is told so',
    asking: { script: 'other' },
    code: 26,
    log: ['refused 26 firmware-unknown'],
  },
  {
    what: 'on a core for which there is no package is told so',
    prepare: async () => {
      await withdrawAll();
      await publish({ version: '1.0.7', core: 'V2013', source: 'V2013' });
    },
    code: 44,
    log: ['refused 44 base-missing'],
  },
  {
    what: 'gets the package for its core before the one for any',
    prepare: async () => {
      await withdrawAll();
      await publish({ version: '1.0.7', core: 'V2013', package: [randomBytes(9)] });
      await publish({ version: '1.0.7', core: 'V2013', source: 'V2012' });
    },
    code: 0,
    log: delivered,
  },
  {
    what: 'hears nothing of a release that was withdrawn',
    prepare: withdrawAll,
    code: 27,
    log: ['refused 27 nothing-published'],
  },
  {
    what: 'that has had its bytes of the day is to wait',
    prepare: async () => {
      await server.close();
      await start({ bytesPerDevicePerDay: 30_000 });
    },
    times: 2,
    code: 43,
    log: ['refused 43 limit', ...delivered],
  },
  {
    what: 'that keeps its version is held after six deliveries',
    times: 8,
    code: 40,
    log: ['refused 40 upgrade-loop', ...Array.from({ length: 6 }, () => delivered).flat()],
  },
];

async function withdrawAll(): Promise<void> {
  for (const { id } of server.operator.releases({ project: 'p', firmwareName: undefined, state: 'published' })) {
    await server.operator.withdraw(id);
  }
}

/** What is remembered, and what `explain` says of the next question. */
async function traces(asking: Asking) {
  const all = { project: undefined, firmwareName: undefined, deviceId: undefined, event: undefined, after: undefined };
  const { items } = await server.operator.log(all, { limit: 100, cursor: undefined });
  // Only libfota3 is told of a package before it asks for it.
  const entries = items.filter(({ event }) => event !== 'checked');
  const [listing] = await server.operator.device('p', asking.id).catch(() => []);
  return {
    log: entries.map(({ event, code, rule }) => [event, code, rule].filter((part) => part !== undefined).join(' ')),
    details: entries.map(({ device: { id, version, firmwareName }, releaseVersion, bytes }) => ({
      id,
      version,
      firmwareName,
      releaseVersion,
      bytes,
    })),
    record: listing?.record && {
      version: listing.record.version,
      rule: listing.record.rule,
      deliveries: listing.record.deliveries?.count,
      sent: listing.record.sent?.sha256,
    },
  };
}

describe.each(CASES)('a device $what', ({ prepare, asking: changes, times = 1, code, log }) => {
  /** What the first protocol left behind: the others must leave the same. */
  let first: unknown;

  it.each(PROTOCOLS)('by $name', async ({ ask }) => {
    await publish();
    await prepare?.();
    const asking = { ...device, ...changes };
    for (let time = 1; time < times; time += 1) await ask(server.port, asking);
    const got = await ask(server.port, asking);
    expect({ code: got.code, isWhole: got.package?.equals(image) ?? false }).toEqual({ code, isWhole: code === 0 });
    const left = await traces(asking);
    expect(left.log).toEqual(log);
    first ??= left;
    expect(left).toEqual(first);
  });
});

it.each(PROTOCOLS.filter(({ name }) => name !== 'the library for Node'))(
  'a device without an id is nobody to $name',
  async ({ ask }) => {
    await publish();
    expect(await ask(server.port, { ...device, id: '' })).toEqual({ code: 3, package: undefined });
    expect((await traces(device)).log).toEqual(['refused 3 id-missing']);
  },
);

describe('the first libfota, by a URL of its own', () => {
  const asks = (query: string) =>
    simulate({
      generation: '2023-10',
      library: 'libfota-1.0',
      mode: 'dst',
      facts: {},
      url: `http://127.0.0.1:${server.port}${query}`,
    });

  it('that its script has put the id into is upgraded by VERSION alone, and confirmed by it', async () => {
    await publish();
    const place = `/d/${KEY}/${firmwareNameOf(device)}?imei=1&version=`;
    expect(await asks(`${place}001.000.005`)).toMatchObject({ result: 0, bytes: image.length });
    expect(await asks(`${place}${NEWEST}`)).toMatchObject({ result: 4 });
    expect((await traces({ ...device, id: '1' })).log).toEqual(['refused 27 newest', 'confirmed 0', ...delivered]);
  });

  it('that tells a version and nothing else is refused with 3', async () => {
    await publish();
    for (const place of ['/upgrade', `/d/${KEY}/${firmwareNameOf(device)}`]) {
      const { result, connections } = await asks(`${place}?version=001.000.005`);
      expect([result, connections[0]?.heard?.code]).toEqual([4, 3]);
    }
  });
});

it('a device is one whichever protocol it asks by: what it was sent counts once for all of them', async () => {
  await publish();
  for (const { ask } of PROTOCOLS.slice(0, 6)) expect((await ask(server.port, device)).code).toBe(0);
  for (const { ask } of PROTOCOLS) expect((await ask(server.port, device)).code).toBe(40);
});
