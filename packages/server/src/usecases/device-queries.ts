import { compileQuery, groupsIn, type Query, type QueryFacts } from '@libfota2/protocol';
import type { Device } from '../domain/device.ts';
import { FotaServerError } from '../domain/errors.ts';
import { factsOf } from '../domain/facts.ts';
import { idPrefixIn, readQuery } from '../domain/query.ts';
import type { DeviceFilter, DeviceName, Later, Now, Page, PageRequest } from '../ports.ts';
import type { Fleet } from './fleet.ts';
import type { Groups } from './groups.ts';
import { deviceKey, idIn, recordKey } from './keys.ts';
import type { KnownDevice, Operator } from './operator.ts';
import type { Profiles } from './profiles.ts';

/** Which devices: all conditions hold together. */
export interface DeviceQuery extends DeviceFilter {
  /** As docs/queries.md has it; `undefined`: all. */
  readonly query: string | undefined;
}

/**
 * Finds devices, in memory. A device is looked at once for each firmware that it asks for, and fits where one of them does.
 * Nobody looks at them for long: devices that ask have their turn in between, and so a list may be of several moments.
 */
export interface DeviceQueries {
  /**
   * One item a firmware, by project, id and firmware name.
   * @throws FotaServerError `query-invalid`, `cursor-invalid`
   */
  list(wanted: DeviceQuery, page: PageRequest): Promise<Page<KnownDevice>>;
  /** Devices, each counted once. @throws FotaServerError `query-invalid` */
  count(wanted: DeviceQuery): Promise<number>;
  /** Which key rings devices of a project told last, the highest first, and how many each: a device counts by its lowest. */
  keyRings(project: string): Promise<readonly RingCount[]>;
  /**
   * All that fit, in the same order and from behind a place on, in portions that may be empty.
   * @throws FotaServerError `query-invalid`
   */
  portions(wanted: DeviceQuery, after?: Place): AsyncGenerator<readonly KnownDevice[]>;
}

export interface RingCount {
  /** The number of the ring; 0: none. */
  readonly serial: number;
  readonly devices: number;
}

/** A device with one firmware, or without: where it stands in the list. */
export interface Place extends DeviceName {
  /** Empty where it never asked. */
  readonly firmwareName: string;
}

/** Devices that are looked at in one turn: a millisecond or two. */
const PORTION = 1_000;

export function createDeviceQueries(ports: {
  readonly projects: Operator['projects'];
  readonly fleet: Fleet;
  readonly profiles: Profiles;
  readonly groups: Groups;
  readonly now: Now;
  readonly later: Later;
}): DeviceQueries {
  const { projects, fleet, profiles, groups, now, later } = ports;

  /** Everybody else's turn. */
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      later(0, resolve);
    });

  /** @throws FotaServerError `query-invalid` */
  const read = ({ project, query }: DeviceQuery): Query => {
    if (query === undefined) return { kind: 'all' };
    if (project !== undefined) return groups.resolved(project, query);
    const alone = readQuery(query);
    if (groupsIn(alone).size === 0) return alone;
    throw new FotaServerError('query-invalid', 'a group is one of a project: say of which');
  };

  const deviceAt = (project: string, key: string): KnownDevice | undefined => {
    const record = fleet.at(key);
    const id = record?.id ?? idIn(key, project);
    // Something was said of it; it is listed by what it asked, where it did.
    if (record === undefined && fleet.recordsOf(project, id).length > 0) return undefined;
    return { project, id, access: fleet.access(project, id), profile: profiles.profile(project, id), record };
  };

  /** Keys in their order from a text on, and where the next ones begin; `undefined` where there are no more. */
  const keysFrom = (text: string): { readonly keys: readonly string[]; readonly next: string | undefined } => {
    const sources = [fleet, { keysFrom: fleet.wordsFrom }, profiles].map((one) => one.keysFrom(text, PORTION));
    // Behind the last key of a full source there may be others of it.
    const ends = sources.flatMap((keys) => (keys.length === PORTION ? (keys.at(-1) ?? []) : []));
    const end = ends.sort()[0];
    const [asked = [], ...said] = sources.map((keys) => (end === undefined ? keys : keys.filter((key) => key <= end)));
    const keys = said.every((some) => some.length === 0) ? asked : [...new Set([...asked, ...said.flat()])].sort();
    return { keys, next: end === undefined ? undefined : `${end}\0` };
  };

  const projectsFrom = (first: string, { project: only, within }: DeviceQuery): string[] => {
    const names = projects().map(({ name }) => name);
    const isAsked = (name: string): boolean =>
      (only === undefined || name === only) && (within === undefined || within.includes(name));
    return names.filter((name) => name >= first && isAsked(name)).sort();
  };

  async function* portions(wanted: DeviceQuery, after?: Place): AsyncGenerator<readonly KnownDevice[]> {
    const query = read(wanted);
    const fits = compileQuery(query);
    const [given, told] = [wanted.idPrefix ?? '', idPrefixIn(query)];
    const idPrefix = told.startsWith(given) ? told : given;
    const at = now();
    const fitting = (device: KnownDevice): boolean => {
      return isWithin(wanted, device) && fits(factsIn(device), at);
    };
    for (const project of projectsFrom(after?.project ?? '', wanted)) {
      const begin = deviceKey({ project, id: idPrefix });
      const behind = after?.project === project ? `${keyOf(after)}\0` : begin;
      for (let from: string | undefined = behind > begin ? behind : begin; from?.startsWith(begin); await turn()) {
        const { keys, next } = keysFrom(from);
        const mine = keys.filter((key) => key.startsWith(begin));
        yield mine.flatMap((key) => deviceAt(project, key) ?? []).filter(fitting);
        from = next;
      }
    }
  }

  return {
    portions,

    async list(wanted, { limit, cursor }) {
      const items: KnownDevice[] = [];
      for await (const some of portions(wanted, cursor === undefined ? undefined : placeOf(cursor))) {
        items.push(...some);
        // One more says that there is a next page.
        if (items.length > limit) break;
      }
      const last = items.length > limit ? items[limit - 1] : undefined;
      return { items: items.slice(0, limit), cursor: last && cursorAt(last) };
    },

    async count(wanted) {
      let count = 0;
      let last: KnownDevice | undefined;
      for await (const some of portions(wanted)) {
        for (const device of some) {
          if (device.id !== last?.id || device.project !== last.project) count += 1;
          last = device;
        }
      }
      return count;
    },

    async keyRings(project) {
      const counts = new Map<number, number>();
      let last: { readonly id: string; readonly serial: number } | undefined;
      const add = (serial: number, more: 1 | -1): void => void counts.set(serial, (counts.get(serial) ?? 0) + more);
      for await (const some of portions({ ...EVERYBODY, project })) {
        for (const { id, record } of some) {
          if (record === undefined) continue;
          const isSame = id === last?.id;
          const serial = isSame ? Math.min(last?.serial ?? 0, record.keyRing) : record.keyRing;
          if (isSame) add(last?.serial ?? 0, -1);
          add(serial, 1);
          last = { id, serial };
        }
      }
      const found = [...counts].filter(([, devices]) => devices > 0);
      return found.map(([serial, devices]) => ({ serial, devices })).toSorted((a, b) => b.serial - a.serial);
    },
  };
}

const EVERYBODY = { query: undefined, firmwareName: undefined, access: undefined, idPrefix: undefined };

function factsIn({ project, id, access, profile, record }: KnownDevice): QueryFacts {
  if (record !== undefined) return factsOf(record, { access, hasRoom: true, known: record, profile });
  const silent: Device = { project, id, idKind: 'imei', firmwareName: '', version: '' };
  const facts = factsOf(silent, { access, hasRoom: true, known: undefined, profile });
  return { ...facts, firmware: undefined, version: undefined };
}

function keyOf({ project, id, firmwareName }: Place): string {
  return firmwareName === '' ? deviceKey({ project, id }) : recordKey(project, id, firmwareName);
}

function isWithin({ firmwareName, access }: DeviceFilter, device: KnownDevice): boolean {
  return (
    (firmwareName === undefined || device.record?.firmwareName === firmwareName) &&
    (access === undefined || device.access === access)
  );
}

function cursorAt({ project, id, record }: KnownDevice): string {
  return JSON.stringify([project, id, record?.firmwareName ?? '']);
}

/** @throws FotaServerError `cursor-invalid` */
function placeOf(cursor: string): Place {
  try {
    const place: unknown = JSON.parse(cursor);
    if (Array.isArray(place) && place.length === 3 && place.every((part) => typeof part === 'string')) {
      const [project = '', id = '', firmwareName = ''] = place as string[];
      return { project, id, firmwareName };
    }
  } catch {
    // Told below.
  }
  throw new FotaServerError('cursor-invalid', `"${cursor.slice(0, 64)}" is no place in the list`);
}
