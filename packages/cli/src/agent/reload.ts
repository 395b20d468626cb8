/** SIGHUP: the configuration is read again. */
import { failureOf } from '../failure.ts';
import { type AgentConfig, readAgentFile } from './config.ts';
import type { Tell } from './log.ts';
import type { Session } from './session.ts';

/** Settings that only a restart changes. */
const LASTING = ['place.kind', 'place.dir', 'run.command', 'run.stop-within', 'log.format'] as const;

export interface Running {
  readonly config: AgentConfig;
  readonly session: Session;
}

/**
 * The next session at work by what the file says now, or the one that there is where that will not do. Never rejects.
 * @param open makes a session that does nothing yet
 */
export async function reloaded(
  { config, session }: Running,
  open: (config: AgentConfig) => Promise<Session>,
  tell: Tell,
): Promise<Running> {
  try {
    const next = withLasting(readAgentFile(config.file), config, tell);
    const opened = await open(next);
    await session.stop();
    opened.start();
    tell('info', 'reloaded', 'the configuration was read again', { config: next.file });
    return { config: next, session: opened };
  } catch (error) {
    const { code, message } = failureOf(error);
    tell('error', 'reload-refused', `the configuration stays as it was: ${message}`, { code });
    return { config, session };
  }
}

function withLasting(next: AgentConfig, { values }: AgentConfig, tell: Tell): AgentConfig {
  const changed = LASTING.filter((name) => JSON.stringify(next.values[name]) !== JSON.stringify(values[name]));
  if (changed.length > 0) {
    tell('warn', 'restart-needed', `only a restart of the agent changes ${changed.join(', ')}`, { changed });
  }
  const kept = Object.fromEntries(LASTING.map((name) => [name, values[name]]));
  return { ...next, values: { ...next.values, ...kept } };
}
