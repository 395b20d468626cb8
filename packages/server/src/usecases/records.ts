/** Records of devices, and how they follow from each other. */
import { type Attempt, advance } from '../domain/attempt.ts';
import type { Device } from '../domain/device.ts';
import { keptDeliveries } from '../domain/progress.ts';
import type { Rule } from '../domain/rules.ts';
import type { DeviceGroup, DeviceRecord } from '../ports.ts';

/** What else may change of a device that has asked. */
export type Amendment = Partial<
  Pick<DeviceRecord, 'version' | 'lastSeenAt' | 'deliveries' | 'attempt' | 'spent' | 'reported'>
>;

/** What is new about a device; what is left out stays as it was. */
export interface News extends Partial<Pick<DeviceRecord, 'sent' | 'deliveries' | 'attempt' | 'spent'>> {
  /** The attempt whose place `attempt` takes, as it ended; kept with it, or neither. */
  readonly former?: Attempt | undefined;
  /** An attempt before that one, of the same release and rollout as `attempt`, which takes its place. */
  readonly earlier?: Attempt | undefined;
}

/** A device that asks, and the number of the key ring that it tells; 0: none. */
export interface Told {
  readonly device: Device;
  readonly keyRing: number;
}

/** A device that asks for the first time. */
export function firstRecord({ device, keyRing }: Told, rule: Rule, at: number, news: News | undefined): DeviceRecord {
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
    reported: '',
    keyRing,
  };
}

/** The device after a further question. */
export function nextRecord(
  before: DeviceRecord,
  { device, keyRing }: Told,
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
    deliveries: news?.deliveries ?? keptDeliveries(before, device.version),
    attempt: news?.attempt ?? before.attempt,
    spent: news?.spent ?? before.spent,
    reported: before.reported,
    keyRing,
  };
}

/** The same record where nothing of it has changed. */
export function amended(before: DeviceRecord, amendment: Amendment): DeviceRecord {
  const entries = Object.entries(amendment) as Array<[keyof Amendment, unknown]>;
  return entries.every(([name, value]) => before[name] === value) ? before : { ...before, ...amendment };
}

/** A device that may try again; the same record where nothing kept it from that. */
export function retried(record: DeviceRecord, at: number): DeviceRecord {
  const { deliveries, attempt } = record;
  const again = attempt && advance(attempt, { type: 'retried' }, at).attempt;
  return deliveries === undefined && again === attempt ? record : { ...record, deliveries: undefined, attempt: again };
}

/** The attempt whose place another takes, as a group has it. */
export function formerOf(
  { project, id, firmwareName }: DeviceRecord,
  news: News | undefined,
): Pick<DeviceGroup, 'former'> {
  return news?.former === undefined ? {} : { former: [{ project, id, firmwareName, ...news.former }] };
}

/** A text of its own: V8 keeps a part of a request's line as a view of the whole, which would live as long as the device. */
function own(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

/** Most devices have firmware, version and package in common: loaded one by one, each has texts of its own for them. */
export function sharing(): (record: DeviceRecord) => DeviceRecord {
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
      attempt: attempt && {
        ...attempt,
        from: one(attempt.from),
        to: one(attempt.to),
        detail: one(attempt.detail),
        deferral: attempt.deferral && { ...attempt.deferral, reason: one(attempt.deferral.reason) },
      },
    };
  };
}
