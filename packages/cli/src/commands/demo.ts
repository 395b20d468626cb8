import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Invocation } from './command.ts';

/** The clone that this package lies in. */
const ROOT = dirname(dirname(dirname(fileURLToPath(new URL('.', import.meta.url)))));

/** `fota demo`: what `npm start` shows. Its options are its own. */
export function addDemo(program: Command, { exitWith }: Invocation): void {
  program
    .command('demo')
    .description('show a server, and a sample device that upgrades itself (= npm start)')
    .argument('[options...]', 'see fota demo --help')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: readonly string[]) => {
      const { demo } = await import('../demo/main.ts');
      exitWith(await demo(args, ROOT, 'fota demo'));
    });
}
