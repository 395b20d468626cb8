import { groupsIn, printQuery, type Query, resolveGroups } from '@libfota2/protocol';
import { checkName, type Project } from '../domain/catalogue.ts';
import { FotaServerError } from '../domain/errors.ts';
import { checkNote } from '../domain/profile.ts';
import { asServerError, readQuery, unknownGroup } from '../domain/query.ts';
import type { Rollout } from '../domain/rollout.ts';
import type { Group, GroupStore } from '../ports/groups.ts';
import type { Now } from '../ports.ts';

export interface NewGroup {
  readonly project: string;
  readonly name: string;
  readonly query: string;
  readonly note?: string | undefined;
}

/** Groups of devices: queries with names. A group has no list of its devices; who fits is in it, at any moment. */
export interface Groups {
  /** By name. @throws FotaServerError `project-unknown` */
  list(project: string): readonly Group[];
  /** @throws FotaServerError `project-unknown`, `group-unknown` */
  group(project: string, name: string): Group;
  /** @throws FotaServerError `project-unknown`, `name-invalid`, `query-invalid`, `note-invalid`, `group-exists`, `groups-full`, `disk-full`, `data-dir-unusable` */
  create(wanted: NewGroup): Promise<Group>;
  /** @throws FotaServerError `project-unknown`, `group-unknown`, `query-invalid`, `note-invalid`, `disk-full`, `data-dir-unusable` */
  change(project: string, name: string, change: Partial<Pick<Group, 'query' | 'note'>>): Promise<Group>;
  /** @throws FotaServerError `project-unknown`, `group-unknown`, `group-in-use`, `disk-full`, `data-dir-unusable` */
  remove(project: string, name: string): Promise<void>;
  /**
   * Reads a query on the devices of a project, with the queries of its groups in the place of their names.
   * @throws FotaServerError `query-invalid`
   */
  resolved(project: string, query: string): Query;
  /** The query of a group; `undefined`: there is none of this name. */
  query(project: string, name: string): Query | undefined;
}

export interface GroupPorts {
  readonly store: GroupStore;
  /** @throws FotaServerError `project-unknown` */
  readonly project: (name: string) => Project;
  readonly now: Now;
  /** Who needs a group besides other groups, such as `rollout 7`. */
  readonly usersOf: (project: string, name: string) => readonly string[];
  /** Told after each change. */
  readonly onChanged: () => void;
}

/** Of a project: each change looks at all of them. */
const MOST_GROUPS = 1_000;

export async function openGroups({ store, project, now, usersOf, onChanged }: GroupPorts): Promise<Groups> {
  const projects = new Map<string, Map<string, Group>>();
  let last: Promise<unknown> = Promise.resolve();

  /** One change at a time: each is checked against what the one before has left. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };

  const of = (name: string): ReadonlyMap<string, Group> => projects.get(name) ?? new Map();

  const keep = (group: Group): Group => {
    const kept = projects.get(group.project) ?? new Map<string, Group>();
    kept.set(group.name, group);
    projects.set(group.project, kept);
    return group;
  };

  const changed = (group: Group): Group => {
    keep(group);
    onChanged();
    return group;
  };

  const found = (name: string, groupName: string): Group => {
    const group = of(project(name).name).get(groupName);
    if (group !== undefined) return group;
    throw unknownGroup(name, groupName);
  };

  /** With `instead` in the place of the group of its name. */
  const resolve = (query: Query, groups: ReadonlyMap<string, Group>, instead?: Group): Query =>
    asServerError(() =>
      resolveGroups(query, (name) => {
        const group = instead?.name === name ? instead : groups.get(name);
        return group && readQuery(group.query);
      }),
    );

  /** The group as it is written, once it and all that name it can be resolved. @throws FotaServerError `query-invalid` */
  const checked = (group: Group): Group => {
    const query = readQuery(group.query);
    const groups = of(group.project);
    for (const one of [query, ...[...groups.values()].map((other) => readQuery(other.query))]) {
      resolve(one, groups, group);
    }
    return { ...group, query: printQuery(query), note: checkNote(group.note) };
  };

  for (const group of await store.groups()) keep(group);

  return {
    list: (name) => [...of(project(name).name).values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    group: found,

    create: ({ project: name, query, note = '', ...wanted }) =>
      inTurn(async () => {
        const owner = project(name).name;
        const groupName = checkGroupName(wanted.name);
        if (of(owner).has(groupName)) {
          throw new FotaServerError('group-exists', `"${owner}" has a group "${groupName}"`);
        }
        if (of(owner).size >= MOST_GROUPS) {
          throw new FotaServerError('groups-full', `"${owner}" has ${MOST_GROUPS} groups`);
        }
        const at = now();
        const made = checked({ project: owner, name: groupName, query, note, createdAt: at, changedAt: at });
        await store.keep(made);
        return changed(made);
      }),

    change: (name, groupName, change) =>
      inTurn(async () => {
        const before = found(name, groupName);
        const { query = before.query, note = before.note } = change;
        const after = checked({ ...before, query, note, changedAt: now() });
        await store.keep(after);
        return changed(after);
      }),

    remove: (name, groupName) =>
      inTurn(async () => {
        const group = found(name, groupName);
        const groups = projects.get(group.project);
        const others = [...(groups?.values() ?? [])].filter(({ query }) => groupsIn(readQuery(query)).has(groupName));
        const users = [...others.map((other) => `group "${other.name}"`), ...usersOf(group.project, groupName)];
        if (users.length > 0) {
          const more = users.length > 5 ? ` and ${users.length - 5} more` : '';
          const named = `${users.slice(0, 5).join(', ')}${more}`;
          throw new FotaServerError('group-in-use', `the group "${groupName}" is needed by ${named}`);
        }
        await store.remove(group.project, groupName);
        groups?.delete(groupName);
        onChanged();
      }),

    resolved: (name, query) => resolve(readQuery(query), of(name)),

    query(name, groupName) {
      const group = of(name).get(groupName);
      return group && readQuery(group.query);
    },
  };
}

/** The rollouts of a project that go on and are for a group, or for a query that names it. */
export function rolloutsNaming(rollouts: readonly Rollout[], project: string, name: string): string[] {
  const names = ({ target }: Rollout): boolean => {
    if (target.kind === 'group') return target.group === name;
    return target.kind === 'query' && groupsIn(readQuery(target.query)).has(name);
  };
  const going = rollouts.filter((one) => one.project === project && one.endedAt === undefined);
  return going.filter(names).map(({ id }) => `rollout ${id}`);
}

/** @throws FotaServerError `name-invalid` */
function checkGroupName(name: string): string {
  // It is a part of paths, where a dot or two are something else.
  if (!/^\.{1,2}$/.test(name)) return checkName('group', name, 64);
  throw new FotaServerError('name-invalid', `"${name}" is no name for a group`);
}
