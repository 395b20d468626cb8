/** What stores keep, made of a few words. */
import { type Attempt, newAttempt } from '../../src/domain/attempt.ts';
import type { NewRelease, Project } from '../../src/domain/catalogue.ts';
import type { Device } from '../../src/domain/decide.ts';
import type {
  DeviceFilter,
  DeviceGroup,
  DeviceRecord,
  LogEntry,
  LogFilter,
  Page,
  PageRequest,
} from '../../src/ports.ts';

export const NO_FILTER: DeviceFilter & LogFilter = {
  project: undefined,
  firmwareName: undefined,
  access: undefined,
  idPrefix: undefined,
  deviceId: undefined,
  event: undefined,
  after: undefined,
};

/** A key of 32 characters that begins like this. */
export function keyOf(begin: string): string {
  return begin.padEnd(32, '0');
}

export function projectOf(name: string, changes: Partial<Project> = {}): Project {
  return {
    name,
    key: keyOf(name),
    formerKeys: [],
    registration: 'open',
    refusals: 'json',
    createdAt: 1,
    ...changes,
  };
}

export function releaseOf(changes: Partial<NewRelease> = {}): NewRelease {
  return {
    project: 'p',
    firmwareName: 'app',
    version: '1.1.0',
    core: undefined,
    wireVersion: '1.1.0',
    state: 'draft',
    notes: '',
    isFloor: false,
    packages: [{ sha256: 'a'.repeat(64), size: 7, source: 'any', fileName: 'app.bin', format: 'opaque' }],
    createdAt: 5,
    publishedAt: undefined,
    withdrawnAt: undefined,
    ...changes,
  };
}

export function deviceOf(changes: Partial<Device> = {}): Device {
  return { project: 'p', firmwareName: 'app', idKind: 'imei', id: '867', version: '1.0.0', ...changes };
}

export function recordOf(changes: Partial<DeviceRecord> = {}): DeviceRecord {
  return {
    ...deviceOf(),
    firstSeenAt: 1,
    lastSeenAt: 2,
    asked: 3,
    rule: 'newest',
    sent: undefined,
    deliveries: undefined,
    attempt: undefined,
    spent: undefined,
    reported: '',
    keyRing: 0,
    ...changes,
  };
}

export function attemptOf(changes: Partial<Attempt> = {}): Attempt {
  return { ...newAttempt({ release: 4, rollout: undefined, wave: 0, from: '1.0.0', to: '1.1.0' }, 5), ...changes };
}

export function entryOf(changes: Partial<LogEntry> = {}): LogEntry {
  return {
    at: 9,
    event: 'refused',
    device: deviceOf(),
    code: 27,
    rule: 'newest',
    release: undefined,
    releaseVersion: undefined,
    bytes: undefined,
    detail: undefined,
    ...changes,
  };
}

export function groupOf(changes: Partial<DeviceGroup>): DeviceGroup {
  return { records: [], access: [], log: [], ...changes };
}

/** All items of a list, a page at a time; `between` is called before each further page. */
export async function pagedThrough<T>(
  list: (page: PageRequest) => Promise<Page<T>>,
  limit: number,
  between: () => Promise<void> = async () => undefined,
): Promise<T[]> {
  const all: T[] = [];
  let page = await list({ limit, cursor: undefined });
  for (;;) {
    if (page.items.length > limit) throw new Error(`a page of ${page.items.length} where ${limit} were asked for`);
    all.push(...page.items);
    if (page.cursor === undefined) return all;
    if (page.items.length !== limit) throw new Error('a page that is not full, and not the last');
    await between();
    page = await list({ limit, cursor: page.cursor });
  }
}
