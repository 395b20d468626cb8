import type { Attempt } from '../domain/attempt.ts';
import {
  type Access,
  type Circumstances,
  type Deliveries,
  type Device,
  type Rule,
  STRANGER,
} from '../domain/decide.ts';
import type { DeviceAccess, DeviceGroup, DeviceName, DeviceRecord, DeviceStore, LogEntry } from '../ports.ts';
import type { Grouping } from './grouping.ts';
import { deviceKey, recordKey } from './keys.ts';

/** What is new about a device; what is left out stays as it was. */
export interface News extends Partial<Pick<DeviceRecord, 'sent' | 'deliveries' | 'attempt' | 'spent'>> {
  /** The attempt whose place `attempt` takes, as it ended; kept with it, or neither. */
  readonly former?: Attempt | undefined;
}

/**
 * All devices, in memory, as the server knows them: deciding reads no database. What a rule depends on is durable before
 * its promise resolves: that a device is known, what it is being sent, how often it was. The rest follows in groups.
 */
export interface Fleet {
  /** Devices, each counted once a firmware. */
  readonly size: number;
  circumstances(device: Device): Circumstances;
  record(project: string, id: string, firmwareName: string): DeviceRecord | undefined;
  recordsOf(project: string, id: string): readonly DeviceRecord[];
  access(project: string, id: string): Access;
  /** Resolves once nothing of this device is being made durable any more; `undefined` where nothing is. */
  underWay(device: Pick<Device, 'project' | 'id'>): Promise<void> | undefined;
  /** A registered device has asked and got its answer by this rule. Where it cannot be made durable it rejects, and all is as it was. */
  asked(device: Device, rule: Rule, at: number, news: News | undefined, entry: LogEntry | undefined): Promise<void>;
  /** Corrects the deliveries of a device, where it has any; the entry is noted in any case. */
  correct(
    device: Device,
    correction: (before: Deliveries | undefined) => Deliveries | undefined,
    entry: LogEntry | undefined,
  ): Promise<void>;
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

/** Loads what is known. `maxDevices`: further ones are not registered. */
export async function openFleet(ports: {
  readonly store: DeviceStore;
  readonly grouping: Grouping;
  readonly maxDevices: number;
}): Promise<Fleet> {
  const { store, grouping, maxDevices } = ports;
  const records = new Map<string, DeviceRecord>();
  const share = sharing();
  for await (const record of store.records()) {
    records.set(recordKey(record.project, record.id, record.firmwareName), share(record));
  }
  const firmwareNames = new Set([...records.values()].map(({ firmwareName }) => firmwareName));
  const accesses = new Map<string, Access>();
  const keep = (key: string, access: Access): void => {
    if (access === 'default') accesses.delete(key);
    else accesses.set(key, access);
  };
  for (const { project, id, access } of await store.accesses()) keep(deviceKey({ project, id }), access);
  /** By device what is being made durable: nothing else changes it meanwhile, so that a failure can be undone. */
  const promises = new Map<string, Promise<void>>();

  const accessOf = (project: string, id: string): Access => accesses.get(deviceKey({ project, id })) ?? 'default';

  const recordsOf = (project: string, id: string): DeviceRecord[] => {
    const found = [...firmwareNames].map((firmwareName) => records.get(recordKey(project, id, firmwareName)));
    return found.filter((record) => record !== undefined);
  };

  const underWay: Fleet['underWay'] = ({ project, id }) =>
    promises.size === 0 ? undefined : promises.get(deviceKey({ project, id }));

  const promise = async (key: string, promised: DeviceGroup, undo: () => void): Promise<void> => {
    const over = grouping
      .durable(promised)
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

  /** Takes back what was not made durable. What it replaced still waits to be written, if it did. */
  const restore = (key: string, before: DeviceRecord | undefined): void => {
    if (before === undefined) records.delete(key);
    else records.set(key, before);
  };

  return {
    get size() {
      return records.size;
    },

    circumstances({ project, id, firmwareName }) {
      const known = records.get(recordKey(project, id, firmwareName));
      const access = accesses.size === 0 ? 'default' : accessOf(project, id);
      const hasRoom = records.size < maxDevices;
      if (known === undefined) return access === 'default' && hasRoom ? STRANGER : { ...STRANGER, access, hasRoom };
      return { access, isKnown: true, hasRoom, deliveries: known.deliveries };
    },

    record: (project, id, firmwareName) => records.get(recordKey(project, id, firmwareName)),

    access: accessOf,
    underWay,

    async asked(device, rule, at, news, entry) {
      // Not in a function of its own: between the last look and the change no turn may pass, for several may wait here.
      for (let other = underWay(device); other !== undefined; other = underWay(device)) await other;
      const key = recordKey(device.project, device.id, device.firmwareName);
      const before = records.get(key);
      const record =
        before === undefined ? firstRecord(device, rule, at, news) : nextRecord(before, device, rule, at, news);
      records.set(key, record);
      if (before !== undefined && news === undefined) {
        const isStill = before.version === record.version && before.rule === rule;
        if (isStill && entry === undefined) grouping.idle(record);
        else grouping.soon(record, entry);
        return;
      }
      firmwareNames.add(record.firmwareName);
      const log = entry === undefined ? [] : [entry];
      // The answer waits: where this fails it does not leave, and must not count against the device.
      const promised = { ...formerOf(record, news), records: [record], access: [], log };
      await promise(deviceKey(device), promised, () => restore(key, before));
    },

    async correct(device, correction, entry) {
      for (let other = underWay(device); other !== undefined; other = underWay(device)) await other;
      const key = recordKey(device.project, device.id, device.firmwareName);
      const before = records.get(key);
      const deliveries = correction(before?.deliveries);
      const record = before === undefined || deliveries === before.deliveries ? undefined : { ...before, deliveries };
      if (record !== undefined) records.set(key, record);
      grouping.soon(record, entry);
    },

    records: () => records.values(),

    note: (entry) => grouping.soon(undefined, entry),

    recordsOf,

    async setAccess(word) {
      const { project, id, access } = word;
      for (let other = underWay(word); other !== undefined; other = underWay(word)) await other;
      const device = deviceKey({ project, id });
      const accessBefore = accessOf(project, id);
      const held = access === 'allowed' ? recordsOf(project, id).filter((record) => record.deliveries) : [];
      const released = held.map((record) => ({ ...record, deliveries: undefined }));
      for (const record of released) records.set(recordKey(project, id, record.firmwareName), record);
      keep(device, access);
      await promise(device, { records: released, access: [word], log: [] }, () => {
        for (const record of held) restore(recordKey(project, id, record.firmwareName), record);
        keep(device, accessBefore);
      });
    },

    async forget(device) {
      for (let other = underWay(device); other !== undefined; other = underWay(device)) await other;
      const { project, id } = device;
      const [before, accessBefore] = [recordsOf(project, id), accessOf(project, id)];
      const key = deviceKey({ project, id });
      for (const { firmwareName } of before) records.delete(recordKey(project, id, firmwareName));
      keep(key, 'default');
      await promise(key, { forgotten: [{ project, id }], records: [], access: [], log: [] }, () => {
        for (const record of before) restore(recordKey(project, id, record.firmwareName), record);
        keep(key, accessBefore);
      });
    },

    settle: () => grouping.settle(),
    flush: () => grouping.flush(),
  };
}

function firstRecord(device: Device, rule: Rule, at: number, news: News | undefined): DeviceRecord {
  const { project, firmwareName, idKind, id, version } = device;
  return {
    project,
    firmwareName: own(firmwareName),
    idKind,
    id: own(id),
    version: own(version),
    firstSeenAt: at,
    lastSeenAt: at,
    asked: 1,
    rule,
    sent: news?.sent,
    deliveries: news?.deliveries,
    attempt: news?.attempt,
    spent: news?.spent,
  };
}

function nextRecord(
  before: DeviceRecord,
  device: Device,
  rule: Rule,
  at: number,
  news: News | undefined,
): DeviceRecord {
  return {
    project: before.project,
    firmwareName: before.firmwareName,
    idKind: device.idKind,
    id: before.id,
    version: device.version === before.version ? before.version : own(device.version),
    firstSeenAt: before.firstSeenAt,
    lastSeenAt: at,
    asked: before.asked + 1,
    rule,
    sent: news?.sent ?? before.sent,
    // A device that has moved takes its packages.
    deliveries: news?.deliveries ?? (device.version === before.version ? before.deliveries : undefined),
    attempt: news?.attempt ?? before.attempt,
    spent: news?.spent ?? before.spent,
  };
}

function formerOf({ project, id, firmwareName }: DeviceRecord, news: News | undefined): Pick<DeviceGroup, 'former'> {
  return news?.former === undefined ? {} : { former: [{ project, id, firmwareName, ...news.former }] };
}

/** A text of its own: V8 keeps a part of a request's line as a view of the whole, which would live as long as the device. */
function own(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

/** Most devices have firmware, version and package in common: loaded one by one, each has texts of its own for them. */
function sharing(): (record: DeviceRecord) => DeviceRecord {
  const texts = new Map<string, string>();
  const one = (text: string): string => {
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return known ?? text;
  };
  return (record) => {
    const { project, firmwareName, version, sent, deliveries, attempt } = record;
    return {
      ...record,
      project: one(project),
      firmwareName: one(firmwareName),
      version: one(version),
      sent: sent && { ...sent, version: one(sent.version), told: one(sent.told), sha256: one(sent.sha256) },
      deliveries: deliveries && {
        ...deliveries,
        version: one(deliveries.version),
        sha256: one(deliveries.sha256),
      },
      attempt: attempt && { ...attempt, from: one(attempt.from), to: one(attempt.to), detail: one(attempt.detail) },
    };
  };
}
