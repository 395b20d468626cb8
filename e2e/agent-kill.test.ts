import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { startServer } from '@libfota2/server';
import { makeImage, makeTar, sha256Hex } from '@libfota2/testkit';
import { applicationSlots } from 'libfota2/slots';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { AgentKiller } from './support/agent-kill.ts';
import { proof } from './support/proof.ts';
import { randomNumbers } from './support/server-kill.ts';
import { freePort } from './support/servers.ts';

const prove = process.env['PROVE'] !== undefined;
const KILLS = prove ? 200 : 2;
const SEED = prove ? Date.now() % 2 ** 32 : 7;
/** Longer than a start, a question, an installation and a verdict together. */
const LATEST_KILL_MS = prove ? 4_000 : 1_500;
const DEVICE = '867';

const APP = pathToFileURL(join(import.meta.dirname, 'fixtures/agent-app.mjs')).href;
const live = (version: string, isWell: boolean): string =>
  `(await import(process.env.APP)).live('${version}', { isWell: ${isWell} });`;
/** What each version does, and what becomes of it: the third cannot start, the fourth starts, and then fails its probe. */
const VERSIONS: readonly {
  readonly version: string;
  readonly main: string;
  readonly end: 'confirmed' | 'rolled-back';
}[] = [
  { version: '1.2.0', main: live('1.2.0', true), end: 'confirmed' },
  { version: '1.3.0', main: "throw new Error('1.3.0 cannot start');", end: 'rolled-back' },
  { version: '1.4.0', main: live('1.4.0', false), end: 'rolled-back' },
  { version: '1.5.0', main: live('1.5.0', true), end: 'confirmed' },
];
const STORY = VERSIONS.filter(({ version }) => prove || ['1.2.0', '1.4.0'].includes(version));
const FIRST = { version: '1.1.0', main: live('1.1.0', true) };
const tally = { kills: 0, ofApplication: 0, starts: 0, rounds: 0 };

async function archive({ version, main }: { readonly version: string; readonly main: string }): Promise<Buffer> {
  const files = [
    { name: 'version', body: Buffer.from(version) },
    { name: 'main.mjs', body: Buffer.from(main) },
    ...Array.from({ length: 20 }, (_, n) => ({
      name: `lib/${n % 4}/${n}.bin`,
      body: Buffer.from(makeImage(n, 2_000)),
    })),
  ];
  const sums = Object.fromEntries(files.map(({ name, body }) => [name, sha256Hex(body)]));
  return gzipSync(await makeTar([...files, { name: 'sums.json', body: JSON.stringify(sums) }]));
}

it(`an application under its agent comes back from ${KILLS} kills of either at random moments, and the server knows what became of each version`, {
  timeout: 120_000 + KILLS * 10_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), 'libfota2 agent '));
  const server = await startServer({ dataDir: join(home, 'data'), deliveriesPerDay: 10_000 });
  let current: AgentKiller | undefined;
  onTestFinished(async () => {
    await current?.stop();
    await server.close();
    await rm(home, { recursive: true });
  });
  const random = randomNumbers(SEED);
  const port = await freePort();

  while (tally.kills < KILLS) {
    tally.rounds += 1;
    const project = `round-${tally.rounds}`;
    const { key } = await server.createProject(project);
    const publish = async (one: { readonly version: string; readonly main: string }): Promise<void> => {
      await server.publish({ project, firmwareName: 'app', version: one.version, package: [await archive(one)] });
    };
    const eventsOf = async (event: 'confirmed' | 'rolled-back'): Promise<readonly (string | undefined)[]> => {
      const filter = { project, firmwareName: undefined, deviceId: DEVICE, event, after: undefined };
      const { items } = await server.operator.log(filter, { limit: 50, cursor: undefined });
      return items.map(({ releaseVersion }) => releaseVersion);
    };
    const dir = join(home, project);
    await mkdir(dir);
    const config = join(home, `${project}.toml`);
    await writeFile(
      config,
      `url = "${server.url}/upgrade"
key = "${key}"
id = "${DEVICE}"
firmware = "app"
version-file = "version"
[place]
dir = ${JSON.stringify(dir)}
tries = 90
minutes = 10
[schedule]
every = "1s"
jitter = "0s"
at-start = true
[health]
http = "http://127.0.0.1:${port}/"
within = "${prove ? 5 : 1}s"
steady = "${prove ? 1 : 0}s"
[run]
command = [${JSON.stringify(process.execPath)}, "main.mjs"]
stop-within = "1s"
`,
    );
    await publish(FIRST);
    const killer = new AgentKiller(config, port, random, { APP, APP_PORT: String(port) });
    current = killer;
    killer.start();
    await killer.until('the first version', async () => (await killer.version()) === FIRST.version);

    let runs = FIRST.version;
    for (const one of STORY) {
      await publish(one);
      const isOver = async (): Promise<boolean> => (await eventsOf(one.end)).includes(one.version);
      while (!(await isOver()) && tally.kills + killer.kills < KILLS) {
        await new Promise((resolve) => setTimeout(resolve, random() * LATEST_KILL_MS));
        await killer.kill();
      }
      await killer.until(`${one.version} to be ${one.end}`, isOver);
      if (one.end === 'confirmed') runs = one.version;
      await killer.until('the agent to be up', async () => killer.isUp());
      await killer.until(`${runs} to run`, async () => (await killer.version()) === runs);
      const slots = applicationSlots(dir);
      await killer.until('the trial to be over', async () => (await slots.state()).back === undefined);
      const { run } = await slots.state();
      expect(await readFile(join(dir, 'slots', run ?? '', 'version'), 'utf8'), killer.story).toBe(runs);
    }
    const known = [{ ...FIRST, end: 'confirmed' }, ...STORY];
    for (const end of ['confirmed', 'rolled-back'] as const) {
      const wanted = known.filter((one) => one.end === end).map(({ version }) => version);
      expect(new Set(await eventsOf(end)), killer.story).toEqual(new Set(wanted));
    }
    await killer.stop();
    expect(await killer.version()).toBe(undefined);
    for (const what of ['kills', 'ofApplication', 'starts'] as const) tally[what] += killer[what];
  }
  expect(tally.kills).toBe(KILLS);
});

afterAll(() => {
  const { kills, ofApplication, starts, rounds } = tally;
  proof(
    `${kills} kills by SIGKILL (seed ${SEED}), ${kills - ofApplication} of an agent and ${ofApplication} of its application, in ${starts} starts of the agent over ${rounds} × v1 → v2 → v3 that cannot start → v2 → ` +
      'v4 that fails its probe → v2 → v5: the application always came back, and the server knew what became of each version',
  );
});
