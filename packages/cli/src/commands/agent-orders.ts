import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { installAlone } from '../agent/alone.ts';
import { askAgent, type Obeyed } from '../agent/ask.ts';
import { agentFile, placeDir, placeIn, readAgentFile } from '../agent/config.ts';
import { runningAt } from '../agent/lock.ts';
import { holds, isWell, lineOf } from '../agent/show.ts';
import type { Order } from '../agent/socket.ts';
import { type AgentReport, readStatus } from '../agent/status-file.ts';
import { CommandError, EXIT } from '../failure.ts';
import { span } from '../output/text.ts';
import { type AgentOptions, configOption } from './agent-options.ts';
import { examples, type Invocation, jsonOption } from './command.ts';

/** `fota agent check` and `fota agent install`: what a running agent is asked to do now. */
export function addAgentOrders(agent: Command, invocation: Invocation): void {
  addCheck(agent, invocation);
  addInstall(agent, invocation);
}

function addCheck(agent: Command, invocation: Invocation): void {
  const command = configOption(jsonOption(agent.command('check')));
  command.description('have the running agent ask for an upgrade now, and wait for what comes of it');
  examples(command, 'fota agent check', 'fota agent check --json | jq .lastCheck');
  command.action(async ({ config }: AgentOptions) => {
    const dir = placeIn(agentFile(config, invocation.world));
    const { report } = await ask(invocation, dir, { do: 'check' });
    finish(invocation, { report, outcome: undefined });
  });
}

function addInstall(agent: Command, invocation: Invocation): void {
  const command = configOption(jsonOption(agent.command('install')));
  command.description('install an image from a file, under the same checks as one from the network');
  command.argument('<file>', 'the image; with a key ring its signature must lie beside it, as FILE.minisig');
  command.addHelpText('after', REST);
  examples(command, 'fota agent install /media/usb/gateway-1.3.0.tar.gz', 'fota agent install new.bin --json');
  command.action(async (given: string, { config: named }: AgentOptions) => {
    const config = readAgentFile(agentFile(named, invocation.world));
    const file = resolve(invocation.world.cwd, given);
    await stat(file).catch((error: Error) => {
      throw new CommandError('file-unreadable', `${given} cannot be read: ${error.message}`, { exitCode: EXIT.usage });
    });
    const dir = placeDir(config);
    const isRunning = (await runningAt(dir)) !== undefined;
    const done = isRunning
      ? await ask(invocation, dir, { do: 'install', file })
      : await installAlone(invocation, config, file);
    finish(invocation, done);
  });
}

const REST = `
Where an agent runs, it does the work, and what it has to wait for holds; consent.may-install and windows.install do not,
for whoever calls this wants it now. Where none runs, this command does the work itself, and what the agent would have to
start is started when it runs again.`;

/** @throws CommandError `agent-not-running` */
async function ask({ out, signal }: Invocation, dir: string, order: Order): Promise<Obeyed> {
  const { report, isRunning = false } = (await readStatus(dir)) ?? {};
  const path = report?.agent.socket;
  if (!isRunning || path === undefined) {
    throw new CommandError('agent-not-running', `no agent runs at ${dir}`, { exitCode: EXIT.notRunning });
  }
  const progress = out.progress(order.do);
  let stage: AgentReport['stage'] | undefined;
  const onReport = (now: AgentReport): void => {
    if (now.progress !== undefined && now.stage === 'downloading') progress.at(now.progress.bytes, now.progress.total);
    else if (now.stage !== stage) progress.say(now.stage);
    stage = now.stage;
  };
  try {
    return await askAgent(path, order, onReport, signal());
  } finally {
    progress.end();
  }
}

function finish({ out, exitWith }: Invocation, { report, outcome }: Obeyed): void {
  out.result({ ...report, ...(outcome && { outcome }) }, () => {
    const told = outcome ?? report.lastCheck;
    if (told !== undefined) out.line(told.message);
    out.line(span('now: ', lineOf(report, true)));
  });
  // Whether a server answered is no matter of what came from a file.
  const isDone = outcome === undefined ? isWell(report) : outcome.code === 'downloaded' && holds(report);
  exitWith(isDone ? EXIT.ok : EXIT.failed);
}
