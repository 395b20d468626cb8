/** Where versions are installed, as the configuration says. */
import { applicationSlots, installer, partitionSlots, type Slot, type Trials, ubootEnvironment } from 'libfota2/slots';
import { type AgentConfig, placeDir } from './config.ts';
import { runHook } from './hook.ts';
import type { CommandWords } from './kinds.ts';
import type { Tell } from './log.ts';

const RUNNING_MS = 10_000;

export function placeOf({ values, folder }: AgentConfig, tell: Tell): Trials {
  const { 'place.kind': kind, 'place.tries': tries, 'place.minutes': minutes, 'place.running': command } = values;
  const dir = placeDir({ values });
  if (kind === 'application') return applicationSlots(dir, { tries, minutes });
  if (kind === 'partitions') {
    const { 'place.a': a = '', 'place.b': b = '', 'place.boot': whose } = values;
    const boot = whose === 'uboot' ? ubootEnvironment() : undefined;
    const running = command && (async () => slotOf(await printedBy(command, folder)));
    return partitionSlots({ dir, a, b, tries, minutes, boot, running });
  }
  return installer({
    dir,
    command: values['place.command'] ?? [],
    confirm: values['place.confirm'],
    confirmAlways: values['place.confirm-always'],
    giveUp: values['place.give-up'],
    running: command && (() => printedBy(command, folder)),
    onProgress: ({ percent, line }) => tell('debug', 'installer', line, { percent }),
  });
}

/** @throws Error where it tells nothing: to guess would be to write over what runs */
async function printedBy(command: CommandWords, cwd: string): Promise<string> {
  const { code, line } = await runHook(command, { cwd, withinMs: RUNNING_MS });
  if (code === 0 && line !== '') return line;
  throw new Error(`place.running does not tell what runs: ${line || `it ended with ${code}`}`);
}

function slotOf(line: string): Slot {
  if (line === 'a' || line === 'b') return line;
  throw new Error(`place.running prints neither a nor b: ${line}`);
}
