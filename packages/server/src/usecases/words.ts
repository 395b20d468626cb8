import type { Access } from '../domain/device.ts';
import type { DeviceName, Now } from '../ports.ts';
import type { Events } from './events.ts';
import type { Fleet } from './fleet.ts';

/** Says an operator's word on devices of one project; told as one event. Durable once resolved, and each device once it is. */
export async function sayWord(
  { fleet, events, now }: { readonly fleet: Fleet; readonly events: Pick<Events, 'along'>; readonly now: Now },
  devices: readonly DeviceName[],
  access: Access,
): Promise<void> {
  const [first] = devices;
  if (first === undefined) return;
  const at = now();
  // Those that come together are written together.
  const all = () => Promise.all(devices.map(({ project, id }) => fleet.setAccess({ project, id, access, at })));
  await events.along({ type: 'device.access', project: first.project, data: { access, count: devices.length } }, all);
}
