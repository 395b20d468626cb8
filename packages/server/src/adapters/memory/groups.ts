import type { Group, GroupStore } from '../../ports/groups.ts';

/** Groups in memory, for tests and simulations. */
export function memoryGroups(): GroupStore {
  const groups = new Map<string, Group>();
  const keyOf = (project: string, name: string): string => `${project}\0${name}`;
  return {
    groups: async () => [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group),
    keep: async (group) => void groups.set(keyOf(group.project, group.name), group),
    remove: async (project, name) => void groups.delete(keyOf(project, name)),
  };
}
