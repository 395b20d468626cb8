import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeImage, sha256Hex } from '@libfota2/testkit';
import { createFota } from 'libfota2';
import { installer } from 'libfota2/slots';
import { expect, it, onTestFinished } from 'vitest';
import { startFiveLines } from './support/servers.ts';

const script = fileURLToPath(new URL('fixtures/installing.mjs', import.meta.url));

it.skipIf(process.platform !== 'linux')(
  'an installation whose process was killed is done again, and never by two at once',
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'libfota2 installer '));
    onTestFinished(() => rm(home, { recursive: true, force: true }));
    const at = (name: string): string => join(home, name);
    const image = makeImage(61, 200_000);
    await writeFile(at('firmware.bin'), image);

    // Begins to write, and takes its time. What is started for that is to go with it.
    const slow = 'head -c 1000 "$0" >"$1"; echo begun $$; sleep 60; cat "$0" >"$1"';
    const child = fork(script, [at('device'), at('firmware.bin'), 'sh', '-c', slow, '{file}', at('slot')]);
    const [line] = (await once(child, 'message')) as [string];
    const group = Number(line.replace('begun ', ''));
    onTestFinished(() => void (isAlive(-group) && process.kill(-group, 'SIGKILL')));
    child.kill('SIGKILL');
    await once(child, 'exit');
    // Node cannot take it along.
    expect(isAlive(group)).toBe(true);

    const place = installer({ dir: at('device'), command: ['cp', '{file}', at('slot')] });
    expect(await place.standing()).toEqual({ runs: undefined, isTried: false, isStarted: false, fell: undefined });
    const { url, program } = await startFiveLines(home);
    onTestFinished(() => program.stop());
    expect(await createFota(place).upgrade({ url })).toMatchObject({ result: 0, sha256: sha256Hex(image) });
    // Gone, or waiting to be buried.
    expect(await readFile(`/proc/${group}/environ`, 'utf8').catch(() => '')).toBe('');
    expect((await readFile(at('slot'))).equals(image)).toBe(true);
    expect(await place.standing()).toMatchObject({ runs: sha256Hex(image), isTried: true });
    expect((await readdir(at('device'))).filter((name) => name.endsWith('.part'))).toEqual([]);
  },
);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
