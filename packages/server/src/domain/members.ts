import type { Release } from './catalogue.ts';
import type { Lookup } from './decide.ts';
import type { Device, Known } from './device.ts';
import { forecaster } from './forecast.ts';
import type { Plan } from './plan.ts';
import type { Rollout } from './rollout.ts';

/** Whether a device was heard of lately, and was offered nothing by the rollout: the counts know of the others. */
export function isNewTo(
  { id, silentAfterMs }: Rollout,
  { attempt, lastSeenAt }: Pick<Known, 'attempt' | 'lastSeenAt'>,
  now: number,
): boolean {
  return attempt?.rollout !== id && now - lastSeenAt <= silentAfterMs;
}

/** Says of a device whether it could come in by the open wave of a rollout of the plan. */
export function memberTest(
  rollout: Rollout,
  release: Release,
  plan: Plan,
): (device: Device, lookup: Lookup, now: number) => boolean {
  const { id, project, firmwareName, wave } = rollout;
  const ours = [...plan.projects.values()].find((one) => one.project.name === project);
  const gates = ours?.firmwares.get(firmwareName)?.gates.get(release.id);
  const gate = gates?.find((one) => one.rollout.id === id);
  if (gate === undefined) return () => false;
  const ask = forecaster({ rollout, release, isTarget: gate.isTarget }, plan);
  return (device, lookup, now) => {
    // Most are in another wave.
    if (device.project !== project || device.firmwareName !== firmwareName || gate.waveOf(device.id) !== wave)
      return false;
    const forecast = ask(device, lookup, now);
    return forecast.gets && forecast.wave === wave;
  };
}
