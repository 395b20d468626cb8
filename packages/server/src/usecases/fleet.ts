import { type Attempt, isSameAttempt } from '../domain/attempt.ts';
import { type Access, type Circumstances, type Device, STRANGER } from '../domain/device.ts';
import { NO_PROFILE, type Profile } from '../domain/profile.ts';
import type { Rule } from '../domain/rules.ts';
import type { AttemptStore } from '../ports/rollouts.ts';
import type { DeviceAccess, DeviceName, DeviceRecord, DeviceStore, LogEntry, Now, StoredAttempt } from '../ports.ts';
import type { Grouping } from './grouping.ts';
import { deviceKey, recordKey } from './keys.ts';
import {
  type Amendment,
  amended,
  firstRecord,
  formerOf,
  type News,
  nextRecord,
  retried,
  sharing,
  type Told,
} from './records.ts';
import { sortedKeys } from './sorted-keys.ts';

/** What a question of a device changes, and what the log tells of it. */
export interface Asked {
  /** Durable before the answer leaves; `undefined`: nothing that must be. */
  readonly news: News | undefined;
  readonly entries: readonly LogEntry[];
}

/**
 * All devices, in memory, as the server knows them: deciding reads no database. What a rule depends on is durable before
 * its promise resolves: that a device is known, what it is being sent, how often it was. The rest follows in groups.
 */
export interface Fleet {
  /** Devices, each counted once a firmware. */
  readonly size: number;
  /** `record`: what is known of it, where that is at hand; default: it is looked up. */
  circumstances(device: Device, record?: DeviceRecord): Circumstances;
  record(project: string, id: string, firmwareName: string): DeviceRecord | undefined;
  recordsOf(project: string, id: string): readonly DeviceRecord[];
  /** The attempts of a device, as they are stored. */
  attemptsOf(device: DeviceName): Promise<readonly StoredAttempt[]>;
  access(project: string, id: string): Access;
  /** Keys of records, as `recordKey` makes them: at most so many, in their order from a text on. */
  keysFrom(text: string, most: number): readonly string[];
  at(key: string): DeviceRecord | undefined;
  /** Keys of devices on which an operator has said a word, as `deviceKey` makes them. */
  wordsFrom(text: string, most: number): readonly string[];
  /** Resolves once nothing of this device is being made durable any more; `undefined` where nothing is. */
  underWay(device: Pick<Device, 'project' | 'id'>): Promise<void> | undefined;
  /**
   * A registered device has asked and got its answer by this rule; `change` is told what was known of it by then. Where it
   * cannot be made durable it rejects, and all is as it was. `undefined`: nothing of it has to be made durable.
   */
  asked(
    told: Told,
    rule: Rule,
    at: number,
    change: (before: DeviceRecord | undefined) => Asked,
  ): Promise<void> | undefined;
  /** Amends what is known of a device that has asked; the entry is noted in any case. */
  amend(device: DevicePlace, change: (before: DeviceRecord) => Amendment, entry: LogEntry | undefined): Promise<void>;
  /**
   * The same, durable once resolved; `undefined` changes nothing. Resolves to whether something has changed. Where it
   * rejects, all is as it was.
   */
  settleAttempt(
    device: DevicePlace,
    change: (
      before: DeviceRecord,
    ) => { readonly amendment: Amendment; readonly entries: readonly LogEntry[] } | undefined,
  ): Promise<boolean>;
  /** All of them, as they are at each step. */
  records(): Iterable<DeviceRecord>;
  /** Only for the log. */
  note(entry: LogEntry): void;
  /** Durable once resolved; allowing a device forgets its deliveries. Where it rejects, all is as it was. */
  setAccess(access: DeviceAccess): Promise<void>;
  /** Durable once resolved: the device is as if it had never asked, and no operator had said a word. Where it rejects, all is as it was. */
  forget(device: DeviceName): Promise<void>;
  /** Writes the log entries that wait. */
  settle(): Promise<void>;
  /** Writes everything that waits. */
  flush(): Promise<void>;
}

/** A device with one firmware. */
export type DevicePlace = Pick<Device, 'project' | 'id' | 'firmwareName'>;

export interface FleetPorts {
  readonly store: DeviceStore & Pick<AttemptStore, 'attempts'>;
  readonly grouping: Grouping;
  /** Further ones are not registered. */
  readonly maxDevices: number;
  /** What the operator says of a device. Default: nothing. */
  readonly profile?: ((project: string, id: string) => Profile) | undefined;
  /** Told when the attempt of a device was the one, and is the other; of what must be durable, once it is. */
  readonly onAttempt?: OnAttempt | undefined;
  readonly now: Now;
}

export type OnAttempt = (
  record: DeviceRecord | undefined,
  before: Attempt | undefined,
  after: Attempt | undefined,
) => void;

/** Loads what is known. */
export async function openFleet(ports: FleetPorts): Promise<Fleet> {
  const { store, grouping, maxDevices, now, profile = () => NO_PROFILE, onAttempt = () => undefined } = ports;
  const records = new Map<string, DeviceRecord>();
  /** The keys of the records. */
  const order = sortedKeys();
  const share = sharing();
  const register = (key: string, record: DeviceRecord): void => {
    records.set(key, record);
    order.add(key);
  };
  const strike = (key: string): void => {
    records.delete(key);
    order.delete(key);
  };
  for await (const record of store.records()) {
    register(recordKey(record.project, record.id, record.firmwareName), share(record));
  }
  const accesses = new Map<string, Access>();
  /** The keys of those. */
  const words = sortedKeys();
  const keep = (key: string, access: Access): void => {
    if (access === 'default') {
      accesses.delete(key);
      words.delete(key);
    } else {
      accesses.set(key, access);
      words.add(key);
    }
  };
  for (const { project, id, access } of await store.accesses()) keep(deviceKey({ project, id }), access);
  /** By device what is being made durable: nothing else changes it meanwhile, so that a failure can be undone. */
  const promises = new Map<string, Promise<void>>();

  const accessOf = (project: string, id: string): Access => accesses.get(deviceKey({ project, id })) ?? 'default';

  const recordsOf = (project: string, id: string): DeviceRecord[] => {
    const begin = recordKey(project, id, '');
    const found: DeviceRecord[] = [];
    // Few ask for more than one firmware.
    for (let [key] = order.from(begin, 1); key?.startsWith(begin); [key] = order.from(`${key}\0`, 1)) {
      const record = records.get(key);
      if (record !== undefined) found.push(record);
    }
    return found;
  };

  const underWay: Fleet['underWay'] = ({ project, id }) =>
    promises.size === 0 ? undefined : promises.get(deviceKey({ project, id }));

  const promise = async (key: string, written: Promise<void>, undo: () => void): Promise<void> => {
    const over = written
      .catch((problem: unknown) => {
        undo();
        throw problem;
      })
      .finally(() => promises.delete(key));
    promises.set(
      key,
      over.catch(() => undefined),
    );
    await over;
  };

  const attemptsOf: Fleet['attemptsOf'] = async ({ project, id: deviceId }) => {
    const filter = { project, deviceId, rollout: undefined, release: undefined, standing: undefined };
    return (await store.attempts(filter, { limit: 1_000, cursor: undefined })).items;
  };

  /** Takes back what was not made durable. What it replaced still waits to be written, if it did. */
  const restore = (key: string, before: DeviceRecord | undefined): void => {
    if (before === undefined) strike(key);
    else register(key, before);
  };

  const tellAttempt = (record: DeviceRecord, before: Attempt | undefined): void => {
    if (record.attempt !== before) onAttempt(record, before, record.attempt);
  };

  const asked: Fleet['asked'] = (told, rule, at, change) => {
    const { device } = told;
    // Between this look and the change no turn may pass, for several may wait here.
    const other = underWay(device);
    if (other !== undefined) return other.then(() => asked(told, rule, at, change));
    const key = recordKey(device.project, device.id, device.firmwareName);
    const before = records.get(key);
    const { news, entries } = change(before);
    const record = before === undefined ? firstRecord(told, rule, at, news) : nextRecord(before, told, rule, at, news);
    records.set(key, record);
    if (before !== undefined && news === undefined) {
      const isStill = before.version === record.version && before.rule === rule && before.keyRing === record.keyRing;
      if (isStill && entries.length === 0) grouping.idle(record);
      else grouping.soon(record, ...entries);
      return undefined;
    }
    if (before === undefined) order.add(key);
    // The answer waits: where this fails it does not leave, and must not count against the device.
    const promised = { ...formerOf(record, news), records: [record], access: [], log: entries };
    const kept = promise(deviceKey(device), grouping.durable(promised), () => restore(key, before));
    return kept.then(() => {
      if (news?.former === undefined) return tellAttempt(record, before?.attempt);
      onAttempt(record, before?.attempt, news.former);
      onAttempt(record, news.earlier, record.attempt);
    });
  };

  const settleAttempt: Fleet['settleAttempt'] = async (device, change) => {
    for (let other = underWay(device); other !== undefined; other = underWay(device)) await other;
    const key = recordKey(device.project, device.id, device.firmwareName);
    const before = records.get(key);
    const changed = before && change(before);
    if (before === undefined || changed === undefined) return false;
    const record = { ...before, ...changed.amendment };
    records.set(key, record);
    const promised = { records: [record], access: [], log: changed.entries };
    await promise(deviceKey(device), grouping.durable(promised), () => restore(key, before));
    tellAttempt(record, before.attempt);
    return true;
  };

  return {
    get size() {
      return records.size;
    },

    circumstances({ project, id, firmwareName }, record) {
      const known = record ?? records.get(recordKey(project, id, firmwareName));
      const access = accesses.size === 0 ? 'default' : accessOf(project, id);
      const hasRoom = records.size < maxDevices;
      const said = profile(project, id);
      const isStranger = known === undefined && access === 'default' && hasRoom && said === NO_PROFILE;
      return isStranger ? STRANGER : { access, hasRoom, known, profile: said };
    },

    record: (project, id, firmwareName) => records.get(recordKey(project, id, firmwareName)),

    access: accessOf,
    keysFrom: order.from,
    at: (key) => records.get(key),
    wordsFrom: words.from,
    underWay,

    asked,

    async amend(device, change, entry) {
      for (let other = underWay(device); other !== undefined; other = underWay(device)) await other;
      const key = recordKey(device.project, device.id, device.firmwareName);
      const before = records.get(key);
      const record = before && amended(before, change(before));
      if (record !== undefined) records.set(key, record);
      grouping.soon(record === before ? undefined : record, entry);
      if (record !== undefined) tellAttempt(record, before?.attempt);
    },

    settleAttempt,

    records: () => records.values(),

    note: (entry) => grouping.soon(undefined, entry),

    recordsOf,
    attemptsOf,

    async setAccess(word) {
      const { project, id, access } = word;
      for (let other = underWay(word); other !== undefined; other = underWay(word)) await other;
      const device = deviceKey({ project, id });
      const accessBefore = accessOf(project, id);
      const ours = access === 'allowed' ? recordsOf(project, id) : [];
      const held = ours.filter((record) => retried(record, now()) !== record);
      const released = held.map((record) => retried(record, now()));
      for (const record of released) records.set(recordKey(project, id, record.firmwareName), record);
      keep(device, access);
      await promise(device, grouping.durable({ records: released, access: [word], log: [] }), () => {
        for (const record of held) restore(recordKey(project, id, record.firmwareName), record);
        keep(device, accessBefore);
      });
      for (const [place, record] of released.entries()) tellAttempt(record, held[place]?.attempt);
    },

    async forget(device) {
      for (let other = underWay(device); other !== undefined; other = underWay(device)) await other;
      const { project, id } = device;
      const [before, accessBefore] = [recordsOf(project, id), accessOf(project, id)];
      const key = deviceKey({ project, id });
      for (const { firmwareName } of before) strike(recordKey(project, id, firmwareName));
      keep(key, 'default');
      const forgotten = async (): Promise<void> => {
        // Read first: they go with it. The latest of each firmware is known better here.
        const former = (await attemptsOf(device)).filter(
          (stored) =>
            !before.some(
              ({ firmwareName, attempt }) =>
                firmwareName === stored.firmwareName && attempt && isSameAttempt(attempt, stored),
            ),
        );
        await grouping.durable({ forgotten: [{ project, id }], records: [], access: [], log: [] });
        for (const attempt of [...former, ...before.map((record) => record.attempt)])
          onAttempt(undefined, attempt, undefined);
      };
      await promise(key, forgotten(), () => {
        for (const record of before) restore(recordKey(project, id, record.firmwareName), record);
        keep(key, accessBefore);
      });
    },

    settle: () => grouping.settle(),
    flush: () => grouping.flush(),
  };
}
