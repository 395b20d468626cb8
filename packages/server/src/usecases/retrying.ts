import type { DeviceName, DeviceRecord, Now } from '../ports.ts';
import type { Fleet } from './fleet.ts';
import { retried } from './records.ts';

/** As many as one commit should have. */
const AT_ONCE = 500;

/**
 * Lets devices try again what they failed at: nothing that they were sent counts any more, and who was held for an upgrade
 * loop is not. Durable once resolved. Resolves to how many those are.
 */
export async function retryAll(
  { settleAttempt }: Pick<Fleet, 'settleAttempt'>,
  records: readonly DeviceRecord[],
  now: Now,
  isWanted: (record: DeviceRecord) => boolean = () => true,
): Promise<number> {
  const again = (record: DeviceRecord): Promise<boolean> =>
    settleAttempt(record, (before) => {
      const amendment = retried(before, now());
      return isWanted(before) && amendment !== before ? { amendment, entries: [] } : undefined;
    });
  let count = 0;
  for (let place = 0; place < records.length; place += AT_ONCE) {
    const done = await Promise.all(records.slice(place, place + AT_ONCE).map(again));
    count += done.filter(Boolean).length;
  }
  return count;
}

/** Releases those of these devices that are held for an upgrade loop; the others stay as they are. Durable once resolved. */
export function releaseAll(
  fleet: Pick<Fleet, 'recordsOf' | 'settleAttempt'>,
  devices: readonly DeviceName[],
  now: Now,
): Promise<number> {
  const isHeld = ({ rule }: DeviceRecord): boolean => rule === 'upgrade-loop';
  const records = devices.flatMap(({ project, id }) => fleet.recordsOf(project, id)).filter(isHeld);
  return retryAll(fleet, records, now, isHeld);
}
