import { type Command, InvalidArgumentError, Option } from 'commander';
import { rolloutOptions } from '../rollouts/options.ts';
import { byteCount } from '../rollouts/words.ts';
import { MEASURE_NAMES, STATES, warpExpectation } from '../warp/expect.ts';
import type { WarpCommand, WarpStepWord } from '../warp/main.ts';
import { examples, type Invocation, integer, serverOptions } from './command.ts';
import { mix, range, share, span } from './values.ts';

const DOES = ['pause', 'resume', 'skip', 'abort', 'withdraw'] as const;
const number = integer(1, Number.MAX_SAFE_INTEGER);

/** `fota simulate rollout`: a rollout in warped time, by the code that decides on the server. */
export function addRolloutSimulation(group: Command, invocation: Invocation): void {
  const command = serverOptions(group.command('rollout')).description(
    'let virtual devices live through a rollout in warped time, by the very code that decides on the server',
  );
  rolloutOptions(command)
    .optionsGroup('What it is of:')
    .option('--release <release>', 'of a server: its version, size, and number of devices', number)
    .option('--from-rollout <rollout>', 'of a server: likewise, and as it was made', number)
    .option('--becomes <version>', 'what it makes of devices (default: 1.1.0)')
    .option('--size <bytes>', 'of its package (default: 1MB)', byteCount)
    .optionsGroup('The devices:')
    .option('--devices <n>', 'how many there are (default: 10000)', integer(1, 1_000_000))
    .option('--version <mix>', 'what they run at first, as 1.0.0:70,0.9.0:30 (default: 1.0.0)', mix)
    .option('--poll <span>', 'from one question to the next (default: 4h)', span)
    .option('--jitter <share>', 'by which an interval differs (default: 10%)', share)
    .option('--first-within <span>', 'all ask within (default: an interval)', span)
    .option('--reboot <span>', 'that installing and starting take (default: 30s)', span)
    .option('--rate <n>', 'bytes a second that come through (default: 20000-100000)', range)
    .option('--seed <n>', 'the same number, the same devices and luck (default: 1)', integer(0, 2 ** 32 - 1))
    .optionsGroup('What goes wrong, as 5% or 0.05:')
    .option('--offline <share>', 'of devices that are switched off all the time', share)
    .option('--unreachable <share>', 'of questions that do not get through', share)
    .option('--cut <share>', 'of downloads whose connection breaks', share)
    .option('--power-cycle <share>', 'of downloads in which the device loses its power', share)
    .option('--boot-fails <share>', 'of devices that come back with the old version', share)
    .option('--flaky <share>', 'of devices on which the new version starts at the second attempt', share)
    .option('--loops <share>', 'of devices that take it again and again, and never start it', share)
    .option('--crash-later <share>', 'of devices that ask once with the new version, and fall back', share)
    .option('--silent <share>', 'of devices that are not heard of again', share)
    .optionsGroup('What the operator does:')
    .option('--resume-after <span>', 'after each pause by itself (default: never)', span)
    .addOption(
      new Option('--at <step>', `at a time, as '2d skip' (${DOES.join(', ')}); may come often`).argParser(step),
    )
    .optionsGroup('When it ends:')
    .option('--for <span>', 'at the latest after (default: 14d)', span)
    .addOption(
      new Option(
        '--expect <what>',
        `else end with 1: ${STATES.join(', ')}, or as confirmed>=95% or hit<=50; may come often (${MEASURE_NAMES.join(', ')})`,
      ).argParser(warpExpectation),
    )
    .action(async (options: WarpCommand) => {
      const { simulateWarped } = await import('../warp/main.ts');
      await simulateWarped(invocation, options);
    });
  examples(
    command,
    'fota simulate rollout --devices 10000 --boot-fails 2% --silent 1% --offline 5% --expect complete',
    "fota simulate rollout --boot-fails 20% --expect paused --expect 'hit<=100'",
    'fota simulate rollout --release 7 --waves 1%,10%,100% --soak 12h --seed 7',
    'fota simulate rollout --from-rollout 3 --crash-later 5% --resume-after 2h --json | jq .moments',
  );
}

function step(text: string, before: readonly WarpStepWord[] = []): WarpStepWord[] {
  const [time = '', word = '', ...more] = text.trim().split(/\s+/);
  const does = DOES.find((one) => one === word);
  if (does === undefined || more.length > 0) {
    throw new InvalidArgumentError(`It takes a span and ${DOES.join(', ')}, such as '2d skip'.`);
  }
  return [...before, { atMs: span(time), does }];
}
