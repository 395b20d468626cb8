import { AGENT_FILE } from './config.ts';
import { AGENT_SETTINGS, type AgentSetting } from './settings.ts';

const HEAD = `# Settings of the agent that keeps this device up to date: fota agent --config FILE; where nobody names one
# ${AGENT_FILE}, or what FOTA_AGENT_CONFIG names. What stands behind a # is what holds without, or an example. Paths
# begin at the folder of this file, and commands run there. fota agent config --check says whether all is right.
`;

/** A file that has every setting. Few of them are needed; the rest changes nothing. */
export function agentConfigText(): string {
  let table = '';
  const parts = Object.entries<AgentSetting>(AGENT_SETTINGS).map(([whole, setting]) => {
    const [group, name] = whole.includes('.') ? (whole.split('.') as [string, string]) : ['', whole];
    const head = group === table ? '' : `[${group}]\n\n`;
    table = group;
    return `${head}${settingText(name, setting)}`;
  });
  return `${HEAD}\n${parts.join('\n')}`;
}

function settingText(name: string, { kind, orElse, example, says }: AgentSetting): string {
  const isExample = orElse === undefined || (Array.isArray(orElse) && orElse.length === 0);
  const value = kind.print((isExample ? example : orElse) ?? '');
  return `# ${says}\n# ${kind.wanted}${isExample ? '; an example:' : ''}\n#${name} = ${value}\n`;
}
