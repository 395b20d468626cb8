import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { agentFile, placeIn } from '../agent/config.ts';
import { factsOf, isWell, lineOf } from '../agent/show.ts';
import { readStatus } from '../agent/status-file.ts';
import { CommandError, EXIT } from '../failure.ts';
import { factLines } from '../output/facts.ts';
import { dim, span, type Text } from '../output/text.ts';
import { clockTime } from '../output/words.ts';
import type { World } from '../world.ts';
import { type AgentOptions, configOption } from './agent-options.ts';
import { examples, type Invocation, jsonOption } from './command.ts';

type Seen = NonNullable<Awaited<ReturnType<typeof readStatus>>>;

const EXIT_CODES = `
Exit codes:
  0  the agent runs, and nothing has failed    1  it runs, and what it did last failed
  3  it does not run                           2  this command was called in a wrong way`;

const LOOK_MS = 500;

/** `fota agent status`: reads what the agent has written, also of one that is dead. */
export function addAgentStatus(agent: Command, invocation: Invocation): void {
  const command = configOption(jsonOption(agent.command('status')));
  command.description('show how the agent is: what runs, what it is about, what it waits for, what failed last');
  command.option('--watch', 'go on showing it, until Ctrl-C');
  command.addHelpText('after', EXIT_CODES);
  examples(command, 'fota agent status', 'fota agent status --watch', 'fota agent status --json | jq -r .version');
  command.action(async ({ config, watch }: AgentOptions & { readonly watch?: boolean }) => {
    const dir = placeIn(agentFile(config, invocation.world));
    const seen = watch === true ? await watched(invocation, dir) : await readStatus(dir);
    if (seen === undefined) {
      throw new CommandError('agent-not-running', `no agent has ever run at ${dir}`, { exitCode: EXIT.notRunning });
    }
    if (watch !== true) show(invocation, seen);
    invocation.exitWith(codeOf(seen));
  });
}

function show({ out, world }: Invocation, { report, isRunning }: Seen): void {
  out.result({ isRunning, ...report }, () => out.facts(factsOf(report, isRunning, world.now())));
}

/** On a terminal in one place, elsewhere a line, or with --json a document on a line, whenever it has changed. */
async function watched({ out, world, signal }: Invocation, dir: string): Promise<Seen | undefined> {
  const ended = AbortSignal.any([signal(), out.gone]);
  const isShown = !out.isJson && world.stderr.isTTY === true;
  const live = out.live();
  let seen = await readStatus(dir);
  let before = '';
  try {
    for (; seen !== undefined && !ended.aborted; seen = (await readStatus(dir)) ?? seen) {
      const { report, isRunning } = seen;
      const changed = JSON.stringify([isRunning, { ...report, at: undefined, nextCheck: undefined }]);
      if (isShown) live.show(framed(seen, world), '');
      else if (changed !== before) {
        out.event({ isRunning, ...report }, span(dim(clockTime(report.at)), '  ', lineOf(report, isRunning)));
      }
      before = changed;
      await sleep(LOOK_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  } finally {
    live.end();
  }
  if (isShown && seen !== undefined) out.facts(factsOf(seen.report, seen.isRunning, world.now()));
  return seen;
}

/** As many lines as the terminal has room for. */
function framed({ report, isRunning }: Seen, { now, stderr }: World): Text[] {
  // A serial console has none until somebody tells it.
  const rows = stderr.rows || 24;
  const remark = dim('Ctrl-C ends the watching, not the agent.');
  return [...[...factLines(factsOf(report, isRunning, now())), ''].slice(0, rows - 2), remark];
}

/** As it is now: what an upgrade ended in long ago is told, and is no reason for an alarm. */
function codeOf({ report, isRunning }: Seen): number {
  if (!isRunning) return EXIT.notRunning;
  return isWell(report) ? EXIT.ok : EXIT.failed;
}
