import { compareVersions } from '@libfota2/protocol';
import type { Release } from '../domain/catalogue.ts';
import type { Plan } from '../domain/plan.ts';
import type { Rollout } from '../domain/rollout.ts';
import type { DeviceRecord, Later } from '../ports.ts';
import type { Fleet } from './fleet.ts';

/** Records that are looked at in one turn: devices do not wait for an operator's question. */
const AT_ONCE = 5_000;

/** Goes over all records of a fleet, in turns. */
async function* inTurns(fleet: Pick<Fleet, 'records'>, later: Later): AsyncGenerator<readonly DeviceRecord[]> {
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

/** Whether a known device could come in by the open wave of a rollout. */
export async function hasMembers(
  { id, project, firmwareName, release: number, wave, mayDowngrade }: Rollout,
  release: Release,
  plan: Plan,
  fleet: Pick<Fleet, 'records' | 'circumstances'>,
  now: number,
  later: Later,
): Promise<boolean> {
  const ours = [...plan.projects.values()].find((one) => one.project.name === project);
  const gate = ours?.firmwares
    .get(firmwareName)
    ?.gates.get(number)
    ?.find(({ rollout }) => rollout.id === id);
  if (gate === undefined) return false;
  const isMember = (record: DeviceRecord): boolean => {
    if (record.project !== project || record.firmwareName !== firmwareName) return false;
    const order = compareVersions(record.version, release.wireVersion);
    if (order === 0 || (order > 0 && !mayDowngrade) || gate.waveOf(record.id) !== wave) return false;
    const circumstances = fleet.circumstances(record);
    return circumstances.access !== 'blocked' && gate.isTarget(record, circumstances, now);
  };
  for await (const some of inTurns(fleet, later)) if (some.some(isMember)) return true;
  return false;
}
