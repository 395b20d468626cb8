import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificate, makeImage, tool } from '@libfota2/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, page } from './support/pages.ts';
import { freePort } from './support/servers.ts';
import { makeStation, type Station } from './support/station.ts';

const blocks = blocksOf(page('docs/operations.md'));
const KEY = 'k'.repeat(32);
const ASKING = `/upgrade?imei=861234567890123&project_key=${KEY}&firmware_name=gateway&version=0.9.0`;

const minisign = tool('minisign', 'apt-get install minisign');
const nginx = tool('nginx', 'apt-get install nginx-light');
const sqlite = tool('sqlite3', 'apt-get install sqlite3');
const git = tool('git', 'apt-get install git');
/** The whole page takes minutes: keys with passphrases, fleets, backups. It is told by `npm run prove`. */
const isProving = process.env['PROVE'] !== undefined;
const isPosix = process.platform !== 'win32';

/** By their beginning, blocks that are not executed, and why. What can be held of them is. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'useradd --system': 'it adds a user to the machine, clones over the network and installs what the lockfile names',
  'rollout  3  running': 'a screen that it takes devices and days to see',
};

/**
 * The page as a story: its blocks are executed in their order on a machine that stands for the reader's. A block that is
 * neither executed nor listed above fails its test.
 */
describe.skipIf(!isPosix)('docs/operations.md', () => {
  let station: Station;
  /** What the last shell block said. */
  let said = '';
  /** The data folder of which the page tells now. */
  let data = '';
  let releaseKey = '';

  const shell = async (code: string, env: Readonly<Record<string, string>> = {}): Promise<string> => {
    said = await station.shell(station.here(code), { FOTA_DATA: data, ...env });
    return said;
  };
  const file = (name: string): string => join(station.dir, name);
  const served = async (): Promise<Buffer> => {
    const answer = await fetch(`${await station.devices(data)}${ASKING}`);
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  };

  beforeAll(async () => {
    if (!isProving) return;
    station = await makeStation(blocks.find(({ language }) => language === 'ini')?.code ?? '');
    data = file('var/lib/fota');
    await writeFile(file('app.bin'), makeImage(1, 100_000));
    await writeFile(file('lab.txt'), '861234567890123\n');
    await shell(`systemctl start fota
      fota project create tracker --key ${KEY}
      fota publish app.bin --firmware gateway --version 1.0.0`);
  }, 60_000);
  afterAll(() => (isProving ? station.clear() : undefined));

  const known: Readonly<Record<string, (code: string) => Promise<unknown>>> = {
    async '# /etc/systemd'(code) {
      expect(code).toContain('\n[Install]\nWantedBy=multi-user.target\n');
      const verify = tool('systemd-analyze', 'apt-get install systemd');
      await writeFile(file('fota.service'), station.here(code));
      if (verify !== undefined) expect(await shell(`${verify} verify ./fota.service 2>&1`)).toBe('');
      // The service manager of this machine has started the server by this unit.
      expect(await served()).toHaveLength(100_000);
    },
    async 'cd /opt/libfota2'(code) {
      if (git === undefined) return;
      const commit = 'git -c user.name=n -c user.email=e commit -q --allow-empty -m';
      await shell(`cd opt; git init -q upstream; cd upstream; ${commit} one
        git clone -q . ../libfota2 2>/dev/null; ${commit} two`);
      await shell(code);
      expect(said).toMatch(/^[0-9a-f]{40}$/m);
      expect(await shell('git -C opt/libfota2 log --format=%s')).toBe('two\none\n');
      expect(await readFile(file('npm.log'), 'utf8')).toBe('npm run build\n');
      expect((await readdir(file('var/backups/fota'))).join()).toMatch(/^fota-\d{8}T\d{6}Z\.tar$/);
      expect(await served()).toHaveLength(100_000);
    },
    async 'systemctl stop fota\ncd /var/lib/fota'(code) {
      if (sqlite === undefined) return;
      await writeFile(file('old.sql'), page('packages/server/test/databases/schema-2.sql'));
      await shell('systemctl stop fota; mv var/lib/fota aside; mkdir var/lib/fota');
      await shell(`${sqlite} var/lib/fota/fota.db < old.sql; systemctl start fota; fota project create since`);
      const projects = async (): Promise<string> => shell('fota project list');
      expect(await projects()).toContain('since');
      await shell(code);
      expect(await projects()).not.toContain('since');
      expect(await shell('fota release list')).toContain('1.2.0');
      await shell('systemctl stop fota; mv var/lib/fota gone; mv aside var/lib/fota; systemctl start fota');
    },
    async 'fota serve --host 0.0.0.0 --tls-cert'(code) {
      const { cert, key } = makeCertificate({ name: 'fota', host: '127.0.0.1' });
      await writeFile(file('fullchain.pem'), cert);
      await writeFile(file('privkey.pem'), key);
      const server = station.begin(station.here(code), { FOTA_DATA: file('tls'), FOTA_TLS_PORT: '0' });
      await server.says(/Ctrl-C ends the server/);
      expect(server.output()).toMatch(/^devices +http:/m);
      // Both sides.
      expect(new Set(server.output().match(/https:\/\/127\.0\.0\.1:\d+/g)).size).toBe(2);
      await server.stop();
    },
    async 'install -o fota'(code) {
      await shell(code, { RENEWED_LINEAGE: station.dir });
      for (const [from, to, mode] of [
        ['fullchain.pem', 'cert.pem', 0o640],
        ['privkey.pem', 'key.pem', 0o600],
      ] as const) {
        expect(await readFile(file(`etc/fota/${to}`), 'utf8')).toBe(await readFile(file(from), 'utf8'));
        expect((await stat(file(`etc/fota/${to}`))).mode & 0o777).toBe(mode);
      }
    },
    async 'location /api/site/'(code) {
      if (nginx === undefined) return;
      const [locations = '', included = ''] = code.split('# fota.conf\n');
      const port = await freePort();
      const behind = new URL(await station.devices(data)).host;
      await writeFile(file('fota.conf'), included.replace('127.0.0.1:8266', behind));
      const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
      await writeFile(
        file('nginx.conf'),
        `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; worker_processes 1; pid nginx.pid; error_log stderr notice;
events {}
http { access_log off; ${scratch.join(' ')}\nserver { listen 127.0.0.1:${port};\n${locations}\n} }\n`,
      );
      const proxy = station.begin(`${nginx} -p ${station.dir} -c nginx.conf -e stderr`);
      await proxy.says(/start worker process \d/);
      const answer = await fetch(`http://127.0.0.1:${port}${ASKING}`);
      expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
      expect(Buffer.from(await answer.arrayBuffer()).equals(makeImage(1, 100_000))).toBe(true);
      await proxy.stop();
    },
    async 'fota audit list'(code) {
      await shell(code);
      expect(said).toMatch(/local \(admin\) +release/);
      expect(await shell('fota audit verify audit.jsonl')).toMatch(/whole|head/);
    },
    'fota backup --to': async (code) => expect(await shell(code)).toMatch(/\.tar is whole\.$/m),
    async '17 3 * * *'(code) {
      const [, user, command = ''] = /^\d+ \d+ \* \* \* +(\w+) +(.*)$/.exec(code.trim()) ?? [];
      expect(user).toBe('fota');
      await rename(file('var/backups/fota'), file('var/backups/before'));
      expect(await shell(`mkdir var/backups/fota\n${command}`)).toMatch(/\.tar is whole\.$/m);
    },
    async 'fota backup verify'(code) {
      const [backup = ''] = await readdir(file('var/backups/fota'));
      await shell(`cd var/backups/fota\n${code.replaceAll('fota-20261125T193000Z.tar', backup)}`);
      expect(said).toMatch(/gateway +1\.0\.0/);
      expect(await readdir(file('tmp'))).toEqual([]);
    },
    async 'fota keys new --project tracker   '(code) {
      await shell(code);
      expect(said).toMatch(/^valid +gateway 1\.4\.0 may be taken now$/m);
      releaseKey = /^release key +([0-9A-F]{16})$/m.exec(said)?.[1] ?? '';
    },
    async 'printf %s "$RELEASE_KEY"'(code) {
      const RELEASE_KEY = await readFile(file('tracker-release.key'), 'utf8');
      await shell(code, { RELEASE_KEY, VERSION: '1.5.0' });
      expect(said).toContain(releaseKey);
    },
    async 'minisign -S -s KEY'(code) {
      if (minisign === undefined) return;
      await shell(`minisign -G -W -p KEY.pub -s KEY\n${code}\nminisign -V -p KEY.pub -m app.bin`);
      expect(said).toMatch(/firmware.*gateway/);
    },
    async 'fota keys rotate tracker.ring --ring-key tracker-ring.key --new-release'(code) {
      await shell(code.replace('108D23540E781462', releaseKey));
      expect(said).toMatch(/^key ring +2$/m);
    },
    async 'fota keys rotate tracker.ring --ring-key tracker-ring.key --new-ring'(code) {
      // The other way from the first ring.
      await shell(`rm tracker.2.ring*\n${code}`);
      expect(said).toMatch(/^ring key +[0-9A-F]{16} +added$/m);
    },
    async 'mkdir anew'(code) {
      // Nobody sits here to say yes.
      await shell(code.replace('--replace', '--replace --yes'));
      expect(said).toMatch(/^key ring +9$/m);
    },
    async 'fota publish app.bin --project tracker --firmware gateway --version 1.4.0 \\'(code) {
      data = file('friday');
      station.begin('fota serve --quiet', { FOTA_DATA: data });
      await shell(`until [ -e "$FOTA_DATA/server.json" ]; do sleep 0.1; done
        rm -f app.bin.minisig
        fota project create tracker --key ${KEY}
        fota publish app.bin --firmware gateway --version 1.0.0
        for n in 1 2; do fota publish app.bin --firmware other$n --version 1.0.0 --waves 100%; done`);
      const watching = 'fota rollout show 3 --watch';
      expect(code).toContain(watching);
      await shell(code.replace(watching, ''));
      const watch = station.begin(watching, { FOTA_DATA: data });
      await watch.says(/rollout 3 .* running, wave 1 of 4/);
      await watch.stop();
      await shell('fota rollout show 3');
    },
    async 'fota rollout attempts'(code) {
      expect(await served()).toHaveLength(100_000);
      // One who chooses does one of them; what each needs comes before it.
      const before: Readonly<Record<string, string>> = { resume: 'fota rollout pause 3' };
      for (const line of code.trim().split('\n')) {
        const [command = ''] = line.split('#');
        const name = command.trim().split(' ')[2] ?? '';
        const sure = ['abort', 'rollback'].includes(name) ? ' --yes' : '';
        await shell(`${before[name] ?? ''}\n${command.trim()}${sure}`);
      }
    },
    async 'export FOTA_DATA=/tmp/rehearsal'(code) {
      await writeFile(file('old.bin'), makeImage(2, 50_000));
      await writeFile(file('new.bin'), makeImage(3, 50_000));
      const [exporting = '', serving = '', ...rest] = code.split('\n');
      data = file('tmp/rehearsal');
      expect(station.here(exporting)).toBe(`export FOTA_DATA=${data}`);
      station.begin(serving.replace(/ &$/, ''), { FOTA_DATA: data });
      // Who types is slower than a server that starts.
      await shell(`until [ -e "$FOTA_DATA/server.json" ]; do sleep 0.1; done\n${rest.join('\n')}`);
      expect(said).toMatch(/^rollout +1 +paused, wave 1 of 2$/m);
    },
    async 'fota simulate fleet --seed 2'(code) {
      await shell('fota rollout abort 1 --yes; fota publish --firmware tracker --version 1.2.0 new.bin');
      // The same for less of everybody's time.
      const shorter = code.replaceAll('fleet ', 'fleet --until confirmed ').replace('--for 5m', '--for 5s');
      await shell(shorter.replace('--count 20000', '--count 200'));
      expect(said).not.toContain('MISSED');
    },
    async 'fota plan 7'(code) {
      const draft = await shell('fota publish --firmware tracker --version 1.3.0 new.bin --draft');
      const [, number = ''] = /^release +(\d+)$/m.exec(draft) ?? [];
      const [lines = '', again = ''] = code.split(/^(?=fota simulate rollout --from-rollout)/m);
      await shell(lines.replaceAll('plan 7', `plan ${number}`).replace('--release 7', `--release ${number}`));
      expect(said).not.toContain('MISSED');
      // Now that there is one which reaches somebody.
      await shell(`fota rollout create ${number}\n${again.replace('--from-rollout 3', '--from-rollout 2')}`);
      expect(said).not.toContain('MISSED');
    },
    async 'useradd --system'(code) {
      expect(JSON.parse(page('package.json')).scripts).toHaveProperty('build');
      expect(code).toContain('/opt/libfota2/packages/cli/bin/fota.mjs ');
      expect(await shell(`sh -n -c '${code}'\nfota --version`)).toMatch(/^\d+\.\d+\.\d+$/m);
    },
    async 'rollout  3  running'(code) {
      const [head = '', next = ''] = code.split('\n');
      const words = (line: string): string => line.replaceAll(/\d+/g, '#').replaceAll(/ +/g, ' ');
      expect(words(said)).toContain(words(head));
      for (const part of ['next Wave # opens once ', ', and not before '])
        for (const text of [next, said]) expect(words(text)).toContain(part);
    },
  };

  it('has no block that nobody knows how to execute, or why not', () => {
    const starts = Object.keys(known);
    const unknown = blocks.filter(({ code }) => !starts.some((start) => code.trim().startsWith(start)));
    expect(unknown).toEqual([]);
  });

  for (const [i, { code }] of isProving ? blocks.entries() : []) {
    const [first = ''] = code.trim().split('\n', 1);
    const [beginning, execute] = Object.entries(known).find(([start]) => code.trim().startsWith(start)) ?? [];
    const reason = Object.entries(NOT_HERE).find(([start]) => start === beginning)?.[1];
    const how = reason === undefined ? 'is true' : `is held as far as can be (${reason})`;
    it(`block ${i + 1} ${how}: ${first}`, { timeout: 180_000 }, async () => {
      if (execute === undefined) throw new Error('Nobody knows how to execute this block, nor why not');
      await execute(code);
    });
  }

  it('has all the blocks that are known here', () => {
    const unused = Object.keys(known).filter((start) => !blocks.some(({ code }) => code.trim().startsWith(start)));
    expect(unused).toEqual([]);
  });
});
