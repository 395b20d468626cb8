import type { Release } from '../domain/catalogue.ts';
import { isNewTo, memberTest } from '../domain/members.ts';
import type { Plan } from '../domain/plan.ts';
import type { Rollout } from '../domain/rollout.ts';
import type { DeviceRecord, Later } from '../ports.ts';
import type { Fleet } from './fleet.ts';

/** Records that are looked at in one turn, a few milliseconds: devices do not wait for an operator's question. */
const AT_ONCE = 1_000;

/** Goes over all records of a fleet, in turns. */
export async function* inTurns(fleet: Pick<Fleet, 'records'>, later: Later): AsyncGenerator<readonly DeviceRecord[]> {
  let some: DeviceRecord[] = [];
  for (const record of fleet.records()) {
    some.push(record);
    if (some.length < AT_ONCE) continue;
    yield some;
    some = [];
    await new Promise<void>((resolve) => void later(0, resolve));
  }
  yield some;
}

/** How many devices that were heard of lately will come in by the open wave of a rollout, and were offered nothing by it. */
export async function membersToCome(
  rollout: Rollout,
  release: Release,
  plan: Plan,
  fleet: Pick<Fleet, 'records' | 'circumstances'>,
  now: number,
  later: Later,
): Promise<number> {
  const isMember = memberTest(rollout, release, plan);
  let count = 0;
  for await (const some of inTurns(fleet, later)) {
    for (const record of some)
      if (isNewTo(rollout, record, now) && isMember(record, () => fleet.circumstances(record), now)) count += 1;
  }
  return count;
}

/** Whether a known device could come in by the open wave of a rollout. */
export async function hasMembers(
  rollout: Rollout,
  release: Release,
  plan: Plan,
  fleet: Pick<Fleet, 'records' | 'circumstances'>,
  now: number,
  later: Later,
): Promise<boolean> {
  const isMember = memberTest(rollout, release, plan);
  for await (const some of inTurns(fleet, later)) {
    if (some.some((record) => isMember(record, () => fleet.circumstances(record), now))) return true;
  }
  return false;
}
