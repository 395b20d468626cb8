/** Devices as lines of a table (docs/devices-csv.md). */
import { csvLine } from '@libfota2/protocol';
import { COLUMNS, type Column, DOWNGRADE } from '../domain/device-columns.ts';
import type { Pin } from '../domain/profile.ts';
import type { KnownDevice } from './operator.ts';

type Cell = string | number | undefined;

export const HEAD: string = csvLine(COLUMNS);

/** The line of a device with one firmware, or of one that never asked. */
export function rowOf(device: KnownDevice): string {
  const cells = cellsOf(device);
  return csvLine(COLUMNS.map((column) => String(cells[column] ?? '')));
}

function cellsOf({ project, id, access, profile, record }: KnownDevice): Readonly<Record<Column, Cell>> {
  const { labels, note, pin } = profile;
  const { attempt } = record ?? {};
  return {
    id,
    access,
    labels: labels.join(' '),
    note,
    pin: pin && pinText(pin),
    project,
    firmware: record?.firmwareName,
    version: record?.version,
    first_seen: timeText(record?.firstSeenAt),
    last_seen: timeText(record?.lastSeenAt),
    asked: record?.asked,
    rule: record?.rule,
    deliveries: record?.deliveries?.count,
    release: attempt?.release,
    rollout: attempt?.rollout,
    wave: attempt?.rollout === undefined ? undefined : attempt.wave + 1,
    state: attempt?.state,
    state_since: timeText(attempt?.changedAt),
    code: attempt?.code,
    reason: attempt?.detail || attempt?.deferral?.reason,
    key_ring: record?.keyRing || undefined,
    deferred_until: timeText(attempt?.deferral?.until),
  };
}

function pinText({ version, mayDowngrade }: Pin): string {
  return mayDowngrade ? `${version} ${DOWNGRADE}` : version;
}

function timeText(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
