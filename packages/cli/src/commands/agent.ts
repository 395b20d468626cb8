/** `fota agent`: keeps this device up to date. */
import type { Command } from 'commander';
import { agentFile, checkAgentFile } from '../agent/config.ts';
import { fileProblems } from '../agent/named-files.ts';
import { agentConfigText } from '../agent/template.ts';
import { sentenceOf } from '../config/problem.ts';
import { EXIT } from '../failure.ts';
import { red } from '../output/text.ts';
import { counted } from '../output/words.ts';
import { type AgentOptions, configOption } from './agent-options.ts';
import { addAgentOrders } from './agent-orders.ts';
import { addAgentStatus } from './agent-status.ts';
import { addAgentUnit } from './agent-unit.ts';
import { examples, type Invocation, jsonOption } from './command.ts';

export function addAgent(program: Command, invocation: Invocation): void {
  const command = configOption(jsonOption(program.command('agent')));
  command.description('keep this device up to date, until Ctrl-C or SIGTERM');
  command.option('--print-config', 'print a file that has every setting, as fota agent config does');
  command.addHelpText('after', REST);
  examples(
    command,
    'fota agent config > /etc/fota/agent.toml',
    'fota agent --config agent.toml',
    'fota agent unit > /etc/systemd/system/fota-agent.service',
    'fota agent status --watch',
  );
  command.action(async ({ config, printConfig }: AgentOptions & { readonly printConfig?: boolean }) => {
    if (printConfig === true) return invocation.out.raw(agentConfigText());
    const { runAgent } = await import('../agent/daemon.ts');
    await runAgent(invocation, agentFile(config, invocation.world));
  });
  addConfig(command, invocation);
  addAgentStatus(command, invocation);
  addAgentOrders(command, invocation);
  addAgentUnit(command, invocation);
}

const REST = `
At a terminal it logs lines, elsewhere JSON, a line each (--json, log.format).
SIGHUP reads the configuration again. docs/agent.md has all of it.`;

function addConfig(agent: Command, { out, world, exitWith }: Invocation): void {
  const command = configOption(jsonOption(agent.command('config')));
  command.description('print a configuration that has every setting, or check the one that is there');
  command.option('--check', 'say whether fota agent would take its configuration, and what is wrong with it');
  examples(
    command,
    'fota agent config > agent.toml',
    'fota agent config --check && systemctl reload fota-agent',
    'fota agent config --check --config agent.toml --json',
  );
  command.action(({ config, check }: AgentOptions & { readonly check?: boolean }) => {
    if (check !== true) return out.raw(agentConfigText());
    const checked = checkAgentFile(agentFile(config, world));
    const { file } = checked;
    const problems = checked.problems.length > 0 ? checked.problems : fileProblems(checked);
    out.result({ ok: problems.length === 0, file, problems }, () => {
      for (const one of problems) {
        out.line(red('wrong'), `  ${sentenceOf(one)}`);
        out.line(`       ${one.remedy} (${one.code})`);
      }
      out.line(problems.length > 0 ? `${counted(problems.length, 'mistake')}.` : `Right: ${file}.`);
    });
    if (problems.length > 0) exitWith(EXIT.usage);
  });
}
