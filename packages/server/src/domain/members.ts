import { compareVersions } from '@libfota2/protocol';
import type { Release } from './catalogue.ts';
import type { Circumstances, Device } from './device.ts';
import type { Plan } from './plan.ts';
import type { Rollout } from './rollout.ts';

/** Says of a device whether it could come in by the open wave of a rollout of the plan. */
export function memberTest(
  { id, project, firmwareName, release: number, wave, mayDowngrade }: Rollout,
  { wireVersion }: Release,
  { projects }: Plan,
): (device: Device, circumstances: () => Circumstances, now: number) => boolean {
  const ours = [...projects.values()].find((one) => one.project.name === project);
  const gates = ours?.firmwares.get(firmwareName)?.gates.get(number);
  const gate = gates?.find(({ rollout }) => rollout.id === id);
  if (gate === undefined) return () => false;
  return (device, circumstancesOf, now) => {
    if (device.project !== project || device.firmwareName !== firmwareName) return false;
    const order = compareVersions(device.version, wireVersion);
    if (order === 0 || (order > 0 && !mayDowngrade) || gate.waveOf(device.id) !== wave) return false;
    const circumstances = circumstancesOf();
    return circumstances.access !== 'blocked' && gate.isTarget(device, circumstances, now);
  };
}
