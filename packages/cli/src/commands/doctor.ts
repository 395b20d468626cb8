import { OPTIONS } from '@libfota2/server/settings';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { namedServer } from '../client/connect.ts';
import { checkFolder } from '../doctor/folder.ts';
import { type Check, checkClock, checkNode } from '../doctor/machine.ts';
import { checkServer } from '../doctor/server.ts';
import { EXIT } from '../failure.ts';
import type { Out } from '../output/out.ts';
import { green, red, yellow } from '../output/text.ts';
import { counted } from '../output/words.ts';
import { examples, type Invocation, integer, serverOptions } from './command.ts';

type Options = Whereabouts & { readonly port: number; readonly adminPort: number };

/** `fota doctor`: what is wrong here, and what to do about it. */
export function addDoctor(program: Command, invocation: Invocation): void {
  const { out, world, signal, exitWith } = invocation;
  const command = serverOptions(program.command('doctor')).description(
    'look for what is wrong with this machine, the data folder and the server',
  );
  command
    .option('--port <n>', 'where devices are to ask', integer(0, 65_535), OPTIONS.port.orElse)
    .option('--admin-port <n>', 'where --server is to come in', integer(0, 65_535), OPTIONS['admin.port'].orElse)
    .action(async (options: Options) => {
      const checks: Check[] = [checkNode(process.versions.node), checkClock(world.now())];
      const named = namedServer(options, world);
      const inspect = named === undefined ? checkFolder : checkServer;
      const progress = out.progress('packages', 'none');
      try {
        const ports = [options.port, options.adminPort];
        checks.push(...(await inspect({ given: options, world, signal: signal(), ports, progress })));
      } finally {
        progress.end();
      }
      const failed = checks.filter(({ status }) => status === 'fail').length;
      out.result({ ok: failed === 0, checks }, () => show(out, checks, failed));
      if (failed > 0) exitWith(EXIT.failed);
    });
  examples(
    command,
    'fota doctor',
    'fota doctor --data /srv/fota',
    'FOTA_TOKEN=… fota doctor --server http://10.0.0.5:8267 --json | jq \'.checks[] | select(.status != "ok")\'',
  );
}

function show(out: Out, checks: readonly Check[], failed: number): void {
  const color = { ok: green, warn: yellow, fail: red };
  const longest = Math.max(...checks.map(({ name }) => name.length));
  for (const { status, name, message, remedy } of checks) {
    out.line(color[status](status.padEnd(4)), `  ${name.padEnd(longest)}  ${message}`);
    if (remedy !== undefined) out.line(`${' '.repeat(longest + 8)}${remedy}`);
  }
  out.line();
  out.line(failed === 0 ? 'Nothing is broken.' : `${counted(failed, 'check')} failed.`);
}
