/** An installation where no agent runs: the same engine, for this once. */
import { mkdir } from 'node:fs/promises';
import type { Invocation } from '../commands/command.ts';
import type { Obeyed } from './ask.ts';
import { type AgentConfig, placeDir } from './config.ts';
import { lockPlace } from './lock.ts';
import type { Tell } from './log.ts';
import { openSession } from './session.ts';
import { reportOf, statusFile } from './status-file.ts';

/** @throws CommandError `agent-running`, `file-unreadable`, `file-unwritable`; the reason of the signal */
export async function installAlone(
  { out, world, signal }: Invocation,
  config: AgentConfig,
  file: string,
): Promise<Obeyed> {
  const dir = placeDir(config);
  const ended = signal();
  await mkdir(dir, { recursive: true });
  const lock = await lockPlace(dir);
  const progress = out.progress('install');
  const tell: Tell = (level, _, message) => {
    if (level !== 'debug') out.note(message);
  };
  try {
    const session = await openSession(config, {
      tell,
      now: world.now,
      application: undefined,
      isAlone: true,
      onStatus({ stage, progress: part }) {
        if (stage === 'downloading' && part !== undefined) progress.at(part.bytes, part.total);
      },
    });
    const onAbort = (): void => void session.stop();
    ended.addEventListener('abort', onAbort);
    try {
      const outcome = await session.install(file);
      ended.throwIfAborted();
      const situation = { config: config.file, socket: undefined, status: session.status, application: undefined };
      const report = reportOf(situation, world.now());
      const status = statusFile(dir, (error) => out.note(`the status cannot be written: ${error.message}`));
      status.write(report);
      await status.flush();
      return { report, outcome };
    } finally {
      ended.removeEventListener('abort', onAbort);
      await session.stop();
    }
  } finally {
    progress.end();
    await lock.release();
  }
}
