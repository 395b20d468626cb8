import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Command } from 'commander';
import { agentFile, readAgentFile } from '../agent/config.ts';
import { NOTIFIER } from '../agent/notify.ts';
import { unitText } from '../agent/unit.ts';
import { type AgentOptions, configOption } from './agent-options.ts';
import { examples, type Invocation } from './command.ts';

/** `fota agent unit`: how systemd is to run the agent. */
export function addAgentUnit(agent: Command, { out, world }: Invocation): void {
  const command = configOption(agent.command('unit'));
  command.description('print the unit with which systemd runs the agent by this configuration');
  examples(
    command,
    'fota agent unit > /etc/systemd/system/fota-agent.service',
    'systemctl daemon-reload && systemctl enable --now fota-agent',
  );
  command.action(({ config }: AgentOptions) => {
    out.raw(unitText(readAgentFile(agentFile(config, world))));
    const { PATH } = world.env;
    if (!isProgram(NOTIFIER, PATH)) out.note(UNHEARD);
  });
}

const UNHEARD = `warning: ${NOTIFIER} is not here. By this unit systemd waits for it to say that the agent runs, and ends the agent where it
does not: have it on the device.`;

function isProgram(name: string, path = ''): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
