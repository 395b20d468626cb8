import { type Command, Option } from 'commander';
import { AGENT_FILE } from '../agent/config.ts';

export interface AgentOptions {
  readonly config?: string;
}

/** Adds `--config`. */
export function configOption(command: Command): Command {
  return command.addOption(
    new Option('--config <file>', `settings of the agent (env FOTA_AGENT_CONFIG; default: ${AGENT_FILE})`),
  );
}
