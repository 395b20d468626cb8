import { randomBytes } from 'node:crypto';
import { parsePlainTarget, parseReportTarget, parseTurnkeyTarget } from '@libfota2/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HostileServer, head, startHostile } from '../../test/hostile.ts';
import { sha256 } from '../../test/upgrades.ts';
import { runFleet } from './run.ts';
import { type FleetWish, fleetSpec } from './spec.ts';
import type { FleetReport } from './tally.ts';

const bytes = randomBytes(30_000);

/** A few devices of one kind, quick, until they have confirmed or asked so often. */
async function fleet(server: HostileServer, wish: Partial<FleetWish>): Promise<FleetReport> {
  const spec = fleetSpec({
    ...{ count: 3, projectKey: 'k', firmwareName: 'app', versions: { '1.0.0': 1 }, becomes: '1.1.0', rebootMs: 5 },
    server: { host: '127.0.0.1', port: server.port },
    poll: { everyMs: 20 },
    // The server below answers at the end of a head, and wants the body to be there.
    network: { segments: 1 },
    until: { when: 'confirmed', afterMs: 10_000 },
    ...wish,
  });
  return runFleet(spec);
}

/** What a server says to a request: status, headers, body. */
type Says = (method: string, target: string, body: string) => readonly [string, readonly string[], string | Buffer];

async function serve(says: Says): Promise<HostileServer & { readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const server = await startHostile((line, request) => {
    const [method = '', target = ''] = request.split(' ');
    const body = request.slice(request.indexOf('\r\n\r\n') + 4);
    asked.push(`${method} ${target}${body === '' ? '' : ` ${body}`}`);
    const [status, headers, content] = says(method, target, body);
    const answer = Buffer.from(content);
    line.end(Buffer.concat([head(status, `Content-Length: ${answer.length}`, ...headers), answer]));
  });
  onTestFinished(() => server.close());
  return { ...server, asked };
}

const upgradeFrom =
  (version: string | undefined): ((sha?: string) => ReturnType<Says>) =>
  (sha = sha256(bytes)) =>
    version === '1.0.0'
      ? ['200 OK', [`ETag: "${sha}"`], bytes]
      : ['404 Not Found', ['Retry-After: 0'], '{"code": 27, "msg": "newest"}'];

describe('a client of the plain contract', () => {
  const plain: Says = (method, target) => {
    if (method === 'POST') return ['200 OK', [], '{"code": 0, "msg": ""}'];
    return upgradeFrom(parsePlainTarget(target)?.version)();
  };

  it('asks, tells that it has the package, restarts, and tells that it runs it', async () => {
    const server = await serve(plain);
    const report = await fleet(server, { count: 1, generations: { plain: 1 } });
    expect(report).toMatchObject({
      ...{ ended: 'confirmed', standings: { confirmed: 1 }, reports: { taken: 2, refused: 0 } },
      groups: [{ generation: 'plain', mode: undefined, results: { whole: 1, refused: 1 } }],
      answers: { upgrade: 1, 27: 1 },
    });
    const [asks, has, runs, again] = server.asked;
    expect(server.asked).toHaveLength(4);
    expect(asks).toMatch(/^GET \/d\/k\/app\?id=86\d{13}&version=1\.0\.0$/);
    expect(has).toMatch(
      /^POST \/d\/k\/app\/report\?id=\d+&version=1\.0\.0 \{"state":"downloaded","report":"1-downloaded"\}$/,
    );
    expect(runs).toMatch(/^POST .*&version=1\.1\.0 \{"state":"installed","report":"2-installed"\}$/);
    expect(again).toMatch(/^GET .*&version=1\.1\.0$/);
    expect(parseReportTarget(has?.split(' ')[1] ?? '')).toMatchObject({ projectKey: 'k', firmwareName: 'app' });
  });

  it('tells that the new version did not start', async () => {
    const server = await serve(plain);
    const boots = { '*': { fails: 1 } };
    await fleet(server, { count: 1, generations: { plain: 1 }, boots, until: { rounds: 2 } });
    expect(server.asked[2]).toMatch(/^POST .*&version=1\.0\.0 \{"state":"failed","report":"2-failed"\}$/);
  });

  it('is no worse off where the server takes no reports', async () => {
    const server = await serve((method, target, body) =>
      method === 'POST' ? ['404 Not Found', [], 'no'] : plain(method, target, body),
    );
    const report = await fleet(server, { generations: { plain: 1 } });
    expect(report).toMatchObject({ standings: { confirmed: 3 }, reports: { taken: 0, refused: 6 } });
  });

  it('throws away what is not what was promised, and asks again in time', async () => {
    const server = await serve((method, target, body) =>
      method === 'POST' ? plain(method, target, body) : upgradeFrom('1.0.0')('0'.repeat(64)),
    );
    const report = await fleet(server, { count: 1, generations: { plain: 1 }, until: { rounds: 3 } });
    expect(report).toMatchObject({ standings: { fresh: 1 }, images: { spliced: 3 }, deliveries: { all: 0 } });
  });

  it('does not ask before the server wishes', async () => {
    const server = await serve(() => ['404 Not Found', ['Retry-After: 3600'], '{"code": 27, "msg": ""}']);
    const report = await fleet(server, { generations: { plain: 1 }, until: { afterMs: 150 } });
    expect(report).toMatchObject({ ended: 'time', asked: 3 });
  });
});

describe('a device with libfota3', () => {
  const NAME = 'tracker_LuatOS-SoC_EC718P';
  const server = (): ReturnType<typeof serve> => {
    const place: Says = (_, target) => {
      if (target.startsWith('/api/site/turnkey_fota_result')) return ['200 OK', [], '{"code":0}'];
      if (target.startsWith('/p/')) return ['200 OK', [], bytes];
      const question = parseTurnkeyTarget(target);
      if (question?.identity.version === '001.007.005') return ['200 OK', [], '{"code":27,"msg":""}'];
      const offer = {
        ...{ code: 0, core_version: '2012', core_id: '1', script_version: '001.007.005', size: bytes.length },
        ...{ sha256: sha256(bytes), fota_sn: 'S', url: 'http://iot.openluat.com/p/S' },
      };
      return ['200 OK', [], JSON.stringify(offer)];
    };
    return serve(place);
  };
  const wish = { firmwareName: NAME, versions: { '2012.001.004': 1 }, becomes: '2012.001.005' } as const;

  it.each(['libfota3-2026-05', 'libfota3-2026-06'] as const)('of the age %s upgrades and reports', async (kind) => {
    const turnkey = await server();
    const report = await fleet(turnkey, { ...wish, count: 1, generations: { [kind]: 1 } });
    expect(report).toMatchObject({
      ...{ ended: 'confirmed', standings: { confirmed: 1 }, reports: { taken: 1, refused: 0 } },
      versions: { '2012.001.005': 1 },
      answers: { offer: 1, upgrade: 1, 27: 1 },
      images: { spliced: 0 },
    });
    const asked = turnkey.asked.map((one) => one.replace(/^.*turnkey_fota(?=\?)/, 'check').replace(/^.*turnkey_/, ''));
    const core = 'core_version=2012&script_name=tracker';
    expect(asked.map((one) => /^(check|fota_result|GET \/p)/.exec(one)?.[1])).toEqual(
      kind === 'libfota3-2026-05'
        ? ['check', 'GET /p', 'fota_result', 'check']
        : ['check', 'GET /p', 'fota_result', 'check'],
    );
    // At first nobody knows the middle number; then it is the release's.
    expect(asked[0]).toContain(`${core}&script_version=001.000.004`);
    expect(asked.at(-1)).toContain(`${core}&script_version=001.007.005`);
  });

  it.each([{}, { url: 'https://h/' }, { url: 'http://h/', sha256: 3 }])(
    'makes nothing of an offer that is none, as %j',
    async (offer) => {
      const turnkey = await serve(() => ['200 OK', [], JSON.stringify({ code: 0, ...offer })]);
      const report = await fleet(turnkey, { ...wish, generations: { 'libfota3-2026-06': 1 }, until: { rounds: 2 } });
      expect(report).toMatchObject({ standings: { fresh: 3 }, answers: { offer: 6 } });
    },
  );

  it('whose new version did not start says so after the restart, where it tells then', async () => {
    const turnkey = await server();
    const boots = { '*': { fails: 1 } };
    await fleet(turnkey, { ...wish, count: 1, generations: { 'libfota3-2026-06': 1 }, boots, until: { rounds: 2 } });
    const [result] = turnkey.asked.filter((one) => one.includes('turnkey_fota_result'));
    expect(result).toContain('fota_sn=S&result_code=2');
  });
});
