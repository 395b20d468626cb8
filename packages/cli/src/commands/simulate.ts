import { type Command, Option } from 'commander';
import { expectation, MEASURE_NAMES } from '../fleet/expect.ts';
import type { FleetCommand } from '../fleet/main.ts';
import { choice, examples, type Invocation, integer, serverOptions } from './command.ts';
import { addRolloutSimulation } from './simulate-rollout.ts';
import { mix, range, share, span } from './values.ts';

/** As the simulator knows them, which is not loaded for the sake of a help text. */
const KINDS = '2023-10, 2024-06, 2025-01, 2025-09, 2026-01, 2026-03, now, libfota3-2026-05, libfota3-2026-06, plain';

/** `fota simulate`: what would happen, with devices that are none. */
export function addSimulate(program: Command, invocation: Invocation): void {
  const group = program.command('simulate').description('try a server out with devices that are none');
  addFleet(group, invocation);
  addRolloutSimulation(group, invocation);
}

/** `fota simulate fleet`: virtual devices over real sockets. */
function addFleet(group: Command, invocation: Invocation): void {
  const command = serverOptions(group.command('fleet')).description(
    'let virtual devices ask a running server over real sockets, take what it sends, and do with it as they were told',
  );
  command
    .option('--url <url>', 'where devices ask (default: as the server says of itself); with a path: what they ask')
    .option('--project <name>', 'of the devices, where there are several')
    .option('--key <key>', 'that they tell (default: that of the project)')
    .option('--firmware <name>', 'that they ask for (default: the only one)')
    .option('--count <n>', 'how many there are (default: 100)', integer(1, 1_000_000))
    .option('--version <mix>', 'what they run at first, as 1.0.0:70,0.9.0:30 (default: below the newest)', mix)
    .option(
      '--generation <mix>',
      `what they are, as now:80,2023-10:20 (default: LuatOS of each year alike; all: ${KINDS})`,
      mix,
    )
    .option('--mode <mix>', 'fota: into the flash writer; dst: into a file (default: half each)', mix)
    .option('--id-kind <mix>', 'imei, mac, uid (default: imei)', mix)
    .option('--becomes <version>', 'what a package makes of them (default: as the releases of the server say)')
    .option('--seed <n>', 'the same number, the same fleet (default: 1)', integer(0, 2 ** 32 - 1))
    .option('--spec <file>', 'JSON with all this, and more; options weigh more')
    .option('--show-spec', 'print that JSON as it would be used, and do nothing')
    .optionsGroup('When they ask:')
    .option('--poll <span>', 'from one question to the next, as 200ms, 5s or 4h (default: 5s)', span)
    .option('--jitter <share>', 'by which an interval differs (default: 10%)', share)
    .option('--first-within <span>', 'all ask within; 0s: at once, as after an outage (default: an interval)', span)
    .option('--reboot <span>', 'that installing and starting take (default: 30s, no longer than an interval)', span)
    .optionsGroup('What goes wrong, as 5% or 0.05:')
    .option('--unreachable <share>', 'of connections that do not come about', share)
    .option('--cut <share>', 'of downloads whose connection breaks', share)
    .option('--power-cycle <share>', 'of downloads in which the device loses its power', share)
    .option('--rate <n>', 'bytes a second that come through, as 20000-100000', range)
    .option('--boot-fails <share>', 'of devices that come back with the old version', share)
    .option('--flaky <share>', 'of devices on which the new version starts at the second attempt', share)
    .option('--loops <share>', 'of devices that take it again and again, and never start it', share)
    .option('--crash-later <share>', 'of devices that ask once with the new version, and fall back', share)
    .option('--silent <share>', 'of devices that are not heard of again', share)
    .optionsGroup('When it ends:')
    .option('--for <span>', 'at the latest after (default: 60s, unless --rounds)', span)
    .option('--rounds <n>', 'after so many questions of each', integer(1, 1_000_000_000))
    .addOption(choice('--until <what>', 'all have confirmed, or nobody gets anything any more', 'confirmed', 'quiet'))
    .addOption(
      new Option(
        '--expect <what>',
        `else end with 1, as confirmed=100% or deliveries<=6; may come often (${MEASURE_NAMES.join(', ')})`,
      ).argParser(expectation),
    )
    .optionsGroup('Load:')
    .option('--max-open <n>', 'connections at a time (default: 500)', integer(1, 100_000))
    .option('--i-own-this-server', 'where it is on another machine: a fleet is a load')
    .action(async (options: FleetCommand) => {
      const { simulateFleet } = await import('../fleet/main.ts');
      await simulateFleet(invocation, options);
    });
  examples(
    command,
    'fota simulate fleet --count 1000 --expect confirmed=100%',
    'fota simulate fleet --count 1000 --poll 2s --boot-fails 20% --until quiet',
    'fota simulate fleet --generation 2023-10:20,now:80 --cut 5% --power-cycle 2% --seed 7 --for 10m',
    'fota simulate fleet --url http://127.0.0.1:8080/upgrade --key KEY --firmware app --version 1.0.0 --becomes 1.1.0',
    'fota simulate fleet --show-spec >fleet.json; fota simulate fleet --spec fleet.json --json | jq .standings',
  );
}
