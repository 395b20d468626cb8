import type { DeviceName } from '../ports.ts';

/** What tells devices apart: an id is one within its project. */
export function deviceKey({ project, id }: DeviceName): string {
  return `${project}\0${id}`;
}

/** The id in a key that `deviceKey` made. */
export function idIn(key: string, project: string): string {
  return key.slice(project.length + 1);
}

/** A device's record is one a firmware. */
export function recordKey(project: string, id: string, firmwareName: string): string {
  return `${deviceKey({ project, id })}\0${firmwareName}`;
}
