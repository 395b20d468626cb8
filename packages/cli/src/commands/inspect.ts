import { resolve } from 'node:path';
import type { Command } from 'commander';
import { showInspection } from '../output/inspection.ts';
import { bold } from '../output/text.ts';
import { examples, type Invocation, jsonOption } from './command.ts';

/** `fota inspect`: what a package is, before anybody hears of it. Needs no server. */
export function addInspect(program: Command, { out, world }: Invocation): void {
  const command = jsonOption(program.command('inspect')).description('say what a package is; needs no server');
  command.argument('<file>', 'the package').action(async (file: string) => {
    const { inspectFile } = await import('@libfota2/server');
    const { size, sha256, inspection, proposal } = await inspectFile(resolve(world.cwd, file));
    out.result({ file, size, sha256, inspection, proposal }, () => {
      out.facts([
        ['file', bold(file)],
        ['sha256', sha256],
      ]);
      showInspection(out, inspection, proposal);
    });
  });
  examples(
    command,
    'fota inspect station_1.4.0.bin',
    'fota inspect station_1.4.0.bin --json | jq -r .inspection.version',
  );
}
