import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { endLeftovers, markOf } from './leftovers.ts';

const NOBODY = 65_534;

it.skipIf(process.getuid?.() !== 0)('lets be, as root, what another user has marked', async () => {
  const place = '/a place/update.bin';
  const begin = async (owner: number): Promise<ReturnType<typeof spawn>> => {
    const env = Object.fromEntries(Object.entries(markOf(place)).map(([name]) => [name, `${owner} ${place}`]));
    const child = spawn('/bin/sleep', ['60'], { uid: NOBODY, env, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'spawn');
    return child;
  };
  const marked = [await begin(process.pid), await begin(999_999_999)];
  await endLeftovers(place);
  for (const { exitCode, signalCode } of marked) expect([exitCode, signalCode]).toEqual([null, null]);
});
