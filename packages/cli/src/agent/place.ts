/** Where versions are installed, as the configuration says. */
import { applicationSlots, installer, partitionSlots, type Trials, ubootEnvironment } from 'libfota2/slots';
import { type AgentConfig, placeDir } from './config.ts';
import type { Tell } from './log.ts';

export function placeOf({ values }: AgentConfig, tell: Tell): Trials {
  const { 'place.kind': kind, 'place.tries': tries, 'place.minutes': minutes } = values;
  const dir = placeDir({ values });
  if (kind === 'application') return applicationSlots(dir, { tries, minutes });
  if (kind === 'partitions') {
    const { 'place.a': a = '', 'place.b': b = '', 'place.boot': boot } = values;
    return partitionSlots({ dir, a, b, tries, minutes, boot: boot === 'uboot' ? ubootEnvironment() : undefined });
  }
  return installer({
    dir,
    command: values['place.command'] ?? [],
    confirm: values['place.confirm'],
    confirmAlways: values['place.confirm-always'],
    giveUp: values['place.give-up'],
    onProgress: ({ percent, line }) => tell('debug', 'installer', line, { percent }),
  });
}
