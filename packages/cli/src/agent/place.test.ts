import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PartitionSlots } from 'libfota2/slots';
import { expect, it, onTestFinished } from 'vitest';
import { readAgentFile } from './config.ts';
import { placeOf } from './place.ts';

async function partitionsWhere(running: string): Promise<PartitionSlots> {
  const dir = await mkdtemp(join(tmpdir(), 'fota place '));
  onTestFinished(() => rm(dir, { recursive: true }));
  const file = join(dir, 'agent.toml');
  await writeFile(
    file,
    `url = "http://h/upgrade"
version = "1.0.0"
[place]
kind = "partitions"
dir = "."
a = "a.img"
b = "b.img"
boot = "file"
running = ${running}
[restart]
command = ["reboot"]
`,
  );
  return placeOf(readAgentFile(file), () => {}) as PartitionSlots;
}

it('a command says which partition runs, and one that says nothing is an error', async () => {
  expect(await (await partitionsWhere('["echo", "b"]')).state()).toMatchObject({ run: 'b' });
  await expect((await partitionsWhere('["echo", "c"]')).state()).rejects.toThrow('neither a nor b: c');
  await expect((await partitionsWhere('["false"]')).state()).rejects.toThrow('it ended with 1');
});
