import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tool } from '@libfota2/testkit';
import { ubootScriptPath } from 'libfota2/slots';
import { expect, it, onTestFinished } from 'vitest';

const UBOOT = '/usr/lib/u-boot/qemu_arm/u-boot.bin';
const MEMORY = 0x4100_0000;
const PATIENCE_MS = 30_000;

/** An emulated machine, where there is one; most machines that prove have none. */
function emulator(): string | undefined {
  if (process.env['PROVE'] === undefined) return undefined;
  if (existsSync(UBOOT)) return tool('qemu-system-arm', 'apt-get install qemu-system-arm');
  console.warn('SKIPPED: the script runs in no real U-Boot: apt-get install qemu-system-arm u-boot-qemu');
  return undefined;
}
const qemu = emulator();

/** U-Boot at its prompt, with the script in its environment. */
async function startUboot(program: string, script: string): Promise<(command: string) => Promise<string>> {
  const dir = await mkdtemp(join(tmpdir(), 'fota-uboot-'));
  const file = join(dir, 'script');
  await writeFile(file, script);
  const loader = ['-device', `loader,file=${file},addr=0x${MEMORY.toString(16)}`];
  const child = spawn(program, ['-M', 'virt', '-nographic', '-net', 'none', '-bios', UBOOT, ...loader]);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
    await rm(dir, { recursive: true });
  });
  let said = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text;
  });
  const heard = async (what: RegExp): Promise<string> => {
    for (const started = performance.now(); !what.test(said); ) {
      if (performance.now() - started > PATIENCE_MS) throw new Error(`in vain for ${what}: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const text = said;
    said = '';
    return text;
  };
  await heard(/Hit any key/);
  child.stdin.write('\r');
  await heard(/=> $/);
  const tell = async (command: string): Promise<string> => {
    child.stdin.write(`${command}\r`);
    return heard(/\n=> $/);
  };
  await tell(`env import -t 0x${MEMORY.toString(16)} 0x${script.length.toString(16)}`);
  return tell;
}

it.skipIf(qemu === undefined)('U-Boot itself runs the script as a shell does', { timeout: 120_000 }, async () => {
  // The emulated board has nothing to save to; each start is in one life of U-Boot.
  const script = (await readFile(ubootScriptPath, 'latin1')).replaceAll('saveenv', 'true');
  const tell = await startUboot(qemu ?? '', script);
  const start = async (command = 'bootcmd'): Promise<string | undefined> =>
    /^starts ([ab] from \d)/m.exec(await tell(`run ${command}`))?.[1];
  const set = async (variables: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, value] of Object.entries(variables)) await tell(`setenv ${name} ${value}`);
  };
  await set({ fota_part_a: '2', fota_part_b: '3', fota_start: `'echo starts \${fota_slot} from \${fota_part}'` });
  expect(await start()).toBe('a from 2');
  const trial = {
    fota_slot: 'b',
    fota_back: 'a',
    fota_fell: '-',
    upgrade_available: '1',
    bootcount: '0',
    bootlimit: '2',
  };
  await set(trial);
  expect([await start(), await start(), await start(), await start()]).toEqual([
    'b from 3',
    'b from 3',
    'a from 2',
    'a from 2',
  ]);
  expect(await tell('printenv fota_slot fota_back fota_fell upgrade_available')).toMatch(
    /fota_slot=a\s+fota_back=-\s+fota_fell=b\s+upgrade_available=0/,
  );
  await set({ ...trial, upgrade_available: '0', fota_back: '-' });
  expect([await start(), await start('altbootcmd')]).toEqual(['b from 3', 'b from 3']);
  await set(trial);
  expect(await start('altbootcmd')).toBe('a from 2');
});

it.skipIf(qemu === undefined)('U-Boot starts the old version where it cannot save', { timeout: 120_000 }, async () => {
  const tell = await startUboot(qemu ?? '', (await readFile(ubootScriptPath, 'latin1')).replaceAll('saveenv', 'false'));
  for (const variable of ['fota_slot b', 'fota_back a', 'upgrade_available 1', 'bootcount 0', 'bootlimit 2']) {
    await tell(`setenv ${variable}`);
  }
  await tell(`setenv fota_start 'echo starts \${fota_slot}'`);
  for (let n = 0; n < 4; n += 1) expect(await tell('run bootcmd')).toContain('starts a');
});
