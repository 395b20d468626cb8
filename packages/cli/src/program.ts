import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addAgent } from './commands/agent.ts';
import { addAudit } from './commands/audit.ts';
import { addBackup } from './commands/backup.ts';
import type { Invocation } from './commands/command.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfig } from './commands/config.ts';
import { addDemo } from './commands/demo.ts';
import { addDevice } from './commands/device.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEvents } from './commands/events.ts';
import { addExplain } from './commands/explain.ts';
import { addGroup } from './commands/group.ts';
import { addInspect } from './commands/inspect.ts';
import { addKeys } from './commands/keys.ts';
import { addLog } from './commands/log.ts';
import { addPlan } from './commands/plan.ts';
import { addProject } from './commands/project.ts';
import { addPublish } from './commands/publish.ts';
import { addRelease } from './commands/release.ts';
import { addRollout } from './commands/rollout.ts';
import { addServe } from './commands/serve.ts';
import { addSign } from './commands/sign.ts';
import { addSimulate } from './commands/simulate.ts';
import { addStop } from './commands/stop.ts';
import { addToken } from './commands/token.ts';
import { addUpgrade } from './commands/upgrade.ts';
import { addUser } from './commands/user.ts';
import { addVerify } from './commands/verify.ts';
import { addVersions } from './commands/versions.ts';
import { addWebhook } from './commands/webhook.ts';
import { addWhoami } from './commands/whoami.ts';
import { CommandError, EXIT } from './failure.ts';
import { hasColors } from './output/out.ts';

const ABOUT = `Firmware over the air: run the upgrade server, publish releases, see what devices get and why.`;

const REST = `
Where the server is:
  --server URL or FOTA_SERVER names one, and FOTA_TOKEN lets in. Else the server
  that runs on the data folder (--data, FOTA_DATA or ./fota-data) is spoken to
  over its local socket. Where none runs, the command does its work on the
  folder itself. An option weighs more than the environment.

For programs:
  --json prints one JSON document on stdout (a line each from serve, and with
  --follow); lists are {"items","more"}, times ISO 8601, a failure is
  {"error":{"code","message","remedy"}}. Without it, failures and remarks go to
  stderr. What takes something away for good, or reaches many devices, asks at a
  terminal, and elsewhere (as with --json) is refused without --yes; what stops
  things never asks. Colours and bars are for terminals only, colours never with
  NO_COLOR.

Exit codes:
  0  done     1  failed     2  wrong use     130  interrupted
  fota upgrade: 0 to 5 as libfota2, 64 for wrong use

Examples:
  fota demo                                   see it work
  fota serve                                  start a server on ./fota-data
  fota project create tracker
  fota publish tracker_2013.001.004_LuatOS-SoC_EC718P.bin
  fota explain 861234567890123                why does it not get the release?
  source <(fota completion bash)              complete with the Tab key`;

/** The whole command line; parsing it does the work. */
export function createProgram(invocation: Invocation): Command {
  const { out, world } = invocation;
  const { stdout, env } = world;
  const program = new Command('fota');
  program
    .description(ABOUT)
    .version(version(), '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show the help of a command')
    // Only before the command are its options the program's: `explain --version` is another thing.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText('after', REST)
    .configureHelp({ showGlobalOptions: false, minWidthToWrap: 20, styleTitle: (text) => `\u001b[1m${text}\u001b[22m` })
    .configureOutput({
      writeOut: out.raw,
      // What is wrong is thrown, and printed in one place.
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(stdout.columns || 100, 120),
      getErrHelpWidth: () => 100,
      getOutHasColors: () => hasColors(stdout, env),
      getErrHasColors: () => false,
    });
  addServe(program, invocation);
  addConfig(program, invocation);
  addProject(program, invocation);
  addKeys(program, invocation);
  addSign(program, invocation);
  addVerify(program, invocation);
  addPublish(program, invocation);
  addRelease(program, invocation);
  addRollout(program, invocation);
  addPlan(program, invocation);
  addStop(program, invocation);
  addDevice(program, invocation);
  addGroup(program, invocation);
  addVersions(program, invocation);
  addLog(program, invocation);
  addEvents(program, invocation);
  addExplain(program, invocation);
  addInspect(program, invocation);
  addUpgrade(program, invocation);
  addSimulate(program, invocation);
  addToken(program, invocation);
  addUser(program, invocation);
  addWhoami(program, invocation);
  addAudit(program, invocation);
  addBackup(program, invocation);
  addWebhook(program, invocation);
  addAgent(program, invocation);
  addDemo(program, invocation);
  addDoctor(program, invocation);
  addCompletion(program, invocation);
  for (const command of allOf(program)) {
    if (command.commands.length > 0 && command !== program) command.helpCommand(false);
    refuseInWords(command);
  }
  return program;
}

/** A command and all below it. */
export function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allOf)];
}

/** What a person types to come to a command. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Throws instead of ending the process. */
function refuseInWords(command: Command): void {
  command.exitOverride((error) => {
    if (error.exitCode === 0) throw new CommandError('usage', '', { exitCode: EXIT.ok });
    const isGroup = error.code === 'commander.help';
    const names = command.commands.map((one) => one.name()).join(', ');
    const message = isGroup
      ? `${pathOf(command)} takes a command: ${names}`
      : error.message.replace(/^error: (?:command-argument value )?/, '');
    throw new CommandError('usage', message, {
      remedy: `Try: ${pathOf(command)} --help`,
      exitCode: command.name() === 'upgrade' ? EXIT.upgradeUsage : EXIT.usage,
    });
  });
}

function version(): string {
  const { version: number } = createRequire(import.meta.url)('../package.json') as { readonly version: string };
  return number;
}
