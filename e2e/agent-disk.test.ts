import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTar } from '@libfota2/testkit';
import { it, onTestFinished } from 'vitest';
import { bin } from './support/cli.ts';
import { privateMounts } from './support/private-mounts.ts';
import { start } from './support/programs.ts';

const mounts = privateMounts();

/** Nobody listens at port 9. */
const CONFIG = `url = "http://127.0.0.1:9/upgrade"
key = "k"
id = "d"
[place]
dir = "disk/app"
[run]
command = ["sh", "main.sh"]
`;

it.skipIf(mounts === undefined).each([
  ['has no inode left', 'nr_inodes=60', 'i=0; while : >disk/$i; do i=$((i + 1)); done'],
  ['is full', 'size=512k', 'cat /dev/zero >disk/0'],
  ['can only be read', 'size=512k', 'mount -o remount,ro disk'],
])('starts the application where the disk %s', async (_, options, fill) => {
  const home = await mkdtemp(join(tmpdir(), 'fota disk '));
  onTestFinished(() => rm(home, { recursive: true }));
  await mkdir(join(home, 'disk'));
  await writeFile(join(home, 'agent.toml'), CONFIG);
  await writeFile(
    join(home, 'one.tar'),
    await makeTar([
      { name: 'package.json', body: '{"version":"1.0.0"}' },
      { name: 'main.sh', body: 'echo "runs 1.0.0"; exec sleep 60' },
    ]),
  );
  const script = `mount -t tmpfs -o ${options} none disk || exit 9
    "$@" install one.tar --config agent.toml || exit 8
    (${fill}) 2>/dev/null
    exec "$@" --config agent.toml`;
  const [program = '', ...args] = [...(mounts ?? []), 'sh', '-c', script, 'sh', process.execPath, bin, 'agent'];
  const agent = start(program, args, { cwd: home });
  onTestFinished(() => agent.stop());
  await agent.says(/"message":"runs 1\.0\.0"/);
  await agent.says(/"event":"started"/);
});
