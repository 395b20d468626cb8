import { type Access, type Circumstances, type Device, type Rule, STRANGER } from '../domain/decide.ts';
import type { DeviceAccess, DeviceRecord, DeviceStore, LogEntry } from '../ports.ts';
import { type Grouping, recordKey } from './grouping.ts';

/** What is new about a device; what is left out stays as it was. */
export type News = Partial<Pick<DeviceRecord, 'sent' | 'deliveries'>>;

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
  /** A registered device has asked and got its answer by this rule. Rejects where it could not be made durable. */
  asked(device: Device, rule: Rule, at: number, news: News | undefined, entry: LogEntry | undefined): Promise<void>;
  /** Only for the log. */
  note(entry: LogEntry): void;
  /** Durable once resolved; allowing a device forgets its deliveries. */
  setAccess(access: DeviceAccess): Promise<void>;
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
  for await (const record of store.records()) {
    records.set(recordKey(record.project, record.id, record.firmwareName), record);
  }
  const accesses = new Map<string, Access>();
  const keep = ({ project, id, access }: DeviceAccess): void => {
    const key = accessKey(project, id);
    if (access === 'default') accesses.delete(key);
    else accesses.set(key, access);
  };
  for (const access of await store.accesses()) keep(access);

  const accessOf = (project: string, id: string): Access => accesses.get(accessKey(project, id)) ?? 'default';

  const recordsOf = (project: string, id: string): DeviceRecord[] =>
    [...records.values()].filter((record) => record.id === id && record.project === project);

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

    async asked(device, rule, at, news, entry) {
      const key = recordKey(device.project, device.id, device.firmwareName);
      const before = records.get(key);
      const record =
        before === undefined ? firstRecord(device, rule, at, news) : nextRecord(before, device, rule, at, news);
      records.set(key, record);
      const hasMoved = before !== undefined && before.version === record.version && before.rule === rule;
      if (before !== undefined && news === undefined) {
        if (hasMoved && entry === undefined) grouping.idle(record);
        else grouping.soon(record, entry);
        return;
      }
      try {
        await grouping.durable(record, entry);
      } catch (problem) {
        // The answer does not leave: what was to be remembered of it must not count against the device.
        if (records.get(key) === record) {
          if (before === undefined) records.delete(key);
          else {
            records.set(key, before);
            grouping.soon(before, undefined);
          }
        }
        throw problem;
      }
    },

    note: (entry) => grouping.soon(undefined, entry),

    recordsOf,

    async setAccess(access) {
      const { project, id } = access;
      const released = access.access === 'allowed' ? recordsOf(project, id) : [];
      const durable = released.map((known) => {
        const record = { ...known, deliveries: undefined };
        records.set(recordKey(project, id, record.firmwareName), record);
        return grouping.durable(record, undefined);
      });
      await Promise.all(durable);
      await store.write({ records: [], access: [access], log: [] }, 'power-cut');
      keep(access);
    },

    settle: () => grouping.settle(),
    flush: () => grouping.flush(),
  };
}

function accessKey(project: string, id: string): string {
  return `${project}\0${id}`;
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
    deliveries: news?.deliveries ?? before.deliveries,
  };
}

/** A text of its own: V8 keeps a part of a request's line as a view of the whole, which would live as long as the device. */
function own(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
