/** A machine with two slots that RAUC installs to: files on loop devices, a boot loader of two files, a bus of its own. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, tool } from '@libfota2/testkit';
import { type Program, run, start } from './programs.ts';

type Slot = 'A' | 'B';

const SLOT_BYTES = 256 * 1024;
/** Of a boot loader that is told what to start, and what is good. Its folder is `$0`'s. */
const BACKEND = `#!/bin/sh
cd "$(dirname "$0")/boot" || exit 1
case "$1" in
  get-primary) cat primary ;;
  set-primary) echo "$2" >primary && echo good >"$2" ;;
  get-state) cat "$2" ;;
  set-state) echo "$3" >"$2" ;;
esac
`;
const CONFIG = (home: string): string => `[system]
compatible=gateway
bootloader=custom
statusfile=${home}/status
mountprefix=${home}/mnt
[handlers]
bootloader-custom-backend=${home}/backend
[keyring]
path=${home}/authority.pem
[slot.rootfs.0]
device=${home}/A
type=raw
bootname=A
[slot.rootfs.1]
device=${home}/B
type=raw
bootname=B
`;

/** What RAUC needs, or why its tests are skipped, which is said on the console. */
export function raucTools(): { readonly rauc: string; readonly bus: string } | undefined {
  const install = 'apt-get install rauc squashfs-tools, and it runs as root only';
  const [rauc, squash, bus] = ['rauc', 'mksquashfs', 'dbus-daemon'].map((name) => tool(name, install));
  if (rauc === undefined || squash === undefined || bus === undefined) return undefined;
  if (mountsLoops()) return { rauc, bus };
  console.warn('SKIPPED: this user or this machine cannot mount a file, so RAUC cannot install: run as root');
  return undefined;
}

/** RAUC mounts its bundles: a container may forbid it even to root. */
function mountsLoops(): boolean {
  const script = `cd "$(mktemp -d)" && trap 'cd /; rm -r "$OLDPWD"' EXIT && mkdir from to &&
    mksquashfs from file -quiet -no-progress && mount -o loop,ro file to && umount to`;
  return spawnSync('sh', ['-c', script], { stdio: 'ignore' }).status === 0;
}

export class RaucMachine {
  readonly home: string;
  runs: Slot = 'A';
  readonly #rauc: string;
  readonly #bus: Program;
  #service: Program | undefined;

  private constructor(home: string, rauc: string, bus: Program) {
    this.home = home;
    this.#rauc = rauc;
    this.#bus = bus;
  }

  /** Runs A, believes what `authority` signs, and has nothing in B. */
  static async make(tools: { readonly rauc: string; readonly bus: string }, { cert }: Authority): Promise<RaucMachine> {
    const home = await mkdtemp(join(tmpdir(), 'libfota2-rauc-'));
    const file = (name: string, content: string | Uint8Array, mode = 0o644): Promise<void> =>
      writeFile(join(home, name), content, { mode });
    await Promise.all(['boot', 'mnt'].map((name) => mkdir(join(home, name))));
    await Promise.all(['A', 'B'].map((slot) => file(slot, Buffer.alloc(SLOT_BYTES))));
    await file('boot/primary', 'A\n');
    await file('boot/A', 'good\n');
    await file('boot/B', 'bad\n');
    await file('backend', BACKEND, 0o755);
    await file('authority.pem', cert);
    await file('system.conf', CONFIG(home));
    const args = ['--session', '--nofork', '--nopidfile', '--print-address', `--address=unix:path=${home}/bus`];
    const bus = start(tools.bus, args, { cwd: home });
    await bus.says(/unix:path=/);
    const machine = new RaucMachine(home, tools.rauc, bus);
    await machine.#serve();
    return machine;
  }

  /** What leads RAUC to this machine. */
  get env(): { readonly DBUS_SYSTEM_BUS_ADDRESS: string } {
    return { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${this.home}/bus` };
  }

  /** Starts what the boot loader is to start, and what is not bad. */
  async restart(): Promise<void> {
    const { primary, ...states } = await this.loader();
    const other = primary === 'A' ? 'B' : 'A';
    this.runs = states[primary] === 'bad' ? other : primary;
    await this.#service?.stop();
    await this.#serve();
  }

  async loader(): Promise<{ readonly primary: Slot; readonly A: string; readonly B: string }> {
    const read = async (name: string): Promise<string> =>
      (await readFile(join(this.home, 'boot', name), 'utf8')).trim();
    return { primary: (await read('primary')) as Slot, A: await read('A'), B: await read('B') };
  }

  slot(name: Slot): Promise<Buffer> {
    return readFile(join(this.home, name));
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
    await this.#bus.stop();
    await rm(this.home, { recursive: true });
  }

  async #serve(): Promise<void> {
    const options = { cwd: this.home, env: this.env };
    const args = ['-c', join(this.home, 'system.conf'), `--override-boot-slot=${this.runs}`, 'service'];
    this.#service = start(this.#rauc, args, options);
    for (let patience = 200; ; patience -= 1) {
      const answered = await start(this.#rauc, ['status'], options).ended;
      if (answered === 0) return;
      if (patience === 0) throw new Error(`RAUC does not serve: ${this.#service.output()}`);
    }
  }
}

/** A bundle with the content of a slot. */
export async function makeBundle(rauc: string, content: Uint8Array, by: Authority): Promise<Buffer> {
  const home = await mkdtemp(join(tmpdir(), 'libfota2-bundle-'));
  try {
    await mkdir(join(home, 'content'));
    await writeFile(join(home, 'content', 'rootfs.img'), content);
    const manifest = '[update]\ncompatible=gateway\nversion=1\n[image.rootfs]\nfilename=rootfs.img\n';
    await writeFile(join(home, 'content', 'manifest.raucm'), manifest);
    await writeFile(join(home, 'cert.pem'), by.cert);
    await writeFile(join(home, 'key.pem'), by.key);
    await run(rauc, ['--cert=cert.pem', '--key=key.pem', 'bundle', 'content', 'bundle.raucb'], { cwd: home });
    return await readFile(join(home, 'bundle.raucb'));
  } finally {
    await rm(home, { recursive: true });
  }
}
