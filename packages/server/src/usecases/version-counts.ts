/** Which versions the fleets run, counted each hour, and how that went. */
import { compareVersions } from '@libfota2/protocol';
import type { HourlyCount, VersionCount, VersionCountStore } from '../ports/version-counts.ts';
import type { DeviceRecord, Later, Now } from '../ports.ts';

export interface HistoryRequest {
  readonly project: string;
  readonly firmwareName: string | undefined;
  /** Milliseconds since 1970, both inclusive. */
  readonly from: number;
  readonly to: number;
  /** Hours of which the last one that was counted is told; `undefined`: so many that about 200 are told. More than about 1000 never are. */
  readonly stepHours: number | undefined;
}

export interface History {
  readonly stepHours: number;
  /** Milliseconds since 1970. Those in which no server ran are left out. */
  readonly hours: readonly number[];
  /** In the order of firmware name and version. */
  readonly series: readonly Series[];
}

/** One version: at each of the hours, how many had it. */
export interface Series {
  readonly firmwareName: string;
  readonly version: string;
  readonly devices: readonly number[];
  /** Those of them that asked within the day before. */
  readonly seen: readonly number[];
}

export interface VersionCounts {
  /** Counts now, and at the beginning of each hour from now on. */
  start(): void;
  /** Counts now. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  count(): Promise<void>;
  history(request: HistoryRequest): Promise<History>;
  /** Resolves when nothing is counted any more. */
  close(): Promise<void>;
}

/** Of a history, where nobody says how fine it shall be. */
const POINTS = 200;
/** However fine it shall be: devices do not wait for one who looks at years. */
const MOST_POINTS = 1_000;
/** Versions of a firmware that are told apart, by how many devices have them: devices may tell whatever they like. */
const TOLD_APART = 50;
/** All the others. */
const OTHERS = '*';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Devices that are counted before it is everybody else's turn: a millisecond or two. */
const SLICE = 2_000;

export function createVersionCounts(ports: {
  readonly store: VersionCountStore;
  /** All devices, as they are at each step. */
  readonly records: () => Iterable<DeviceRecord>;
  readonly now: Now;
  readonly later: Later;
  readonly onProblem: (problem: unknown) => void;
}): VersionCounts {
  const { store, records, now, later, onProblem } = ports;
  let timer: { cancel(): void } | undefined;
  let running: Promise<void> = Promise.resolve();
  let isClosed = false;

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      later(0, resolve);
    });

  /** Of an hour that the clock shows twice, the later counts stay. */
  const count = async (): Promise<void> => {
    const hour = Math.floor(now() / HOUR_MS) * HOUR_MS;
    const tally = createTally(now() - DAY_MS);
    let left = SLICE;
    for (const record of records()) {
      tally.add(record);
      left -= 1;
      if (left > 0) continue;
      left = SLICE;
      await pause();
      if (isClosed) return;
    }
    await store.keep(hour, tally.counts());
  };

  const counted = (): Promise<void> => {
    running = running.then(count, count);
    return running;
  };

  const again = (): void => {
    counted()
      .catch(onProblem)
      .finally(() => {
        // Not for an hour from now: the next begins when it begins, whatever the clock was set to meanwhile.
        if (!isClosed) timer = later(HOUR_MS - (now() % HOUR_MS), again);
      });
  };

  return {
    start: again,
    count: counted,

    async history({ project, firmwareName, from, to, stepHours }) {
      const all = await store.hours(from, to);
      const step = Math.max(stepHours ?? stepFor(all, POINTS), stepFor(all, MOST_POINTS));
      const hours = lastOfEach(all, step * HOUR_MS);
      return { stepHours: step, hours, series: seriesOf(hours, await store.counts({ project, firmwareName, hours })) };
    },

    async close() {
      isClosed = true;
      timer?.cancel();
      await running.catch(() => undefined);
    },
  };
}

interface Tallied {
  devices: number;
  seen: number;
}

function createTally(since: number): { add(record: DeviceRecord): void; counts(): VersionCount[] } {
  const projects = new Map<string, Map<string, Map<string, Tallied>>>();
  return {
    add({ project, firmwareName, version, lastSeenAt }) {
      const firmwares = known(projects, project, () => new Map<string, Map<string, Tallied>>());
      const versions = known(firmwares, firmwareName, () => new Map<string, Tallied>());
      const tallied = known(versions, version, () => ({ devices: 0, seen: 0 }));
      tallied.devices += 1;
      if (lastSeenAt >= since) tallied.seen += 1;
    },
    counts: () =>
      [...projects].flatMap(([project, firmwares]) =>
        [...firmwares].flatMap(([firmwareName, versions]) =>
          [...foremost(versions)].map(([version, tallied]) => ({ project, firmwareName, version, ...tallied })),
        ),
      ),
  };
}

function known<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

/** The versions that most devices have, and all the others together. */
function foremost(versions: ReadonlyMap<string, Tallied>): ReadonlyMap<string, Tallied> {
  if (versions.size <= TOLD_APART) return versions;
  const ranked = [...versions].sort(([, a], [, b]) => b.devices - a.devices);
  const told = new Map(ranked.slice(0, TOLD_APART));
  const rest = { ...(told.get(OTHERS) ?? { devices: 0, seen: 0 }) };
  for (const [, { devices, seen }] of ranked.slice(TOLD_APART)) {
    rest.devices += devices;
    rest.seen += seen;
  }
  return told.set(OTHERS, rest);
}

/** So many hours that about so many points are left of these. */
function stepFor(hours: readonly number[], points: number): number {
  const [first = 0, last = first] = [hours[0], hours.at(-1)];
  return Math.max(1, Math.ceil((last - first) / HOUR_MS / points));
}

/** Of each step of time the last of the hours in it. */
function lastOfEach(hours: readonly number[], stepMs: number): number[] {
  const last = new Map(hours.map((hour) => [Math.floor(hour / stepMs), hour]));
  return [...last.values()];
}

function seriesOf(hours: readonly number[], counts: readonly HourlyCount[]): Series[] {
  const places = new Map(hours.map((hour, place) => [hour, place]));
  const none = (): number[] => hours.map(() => 0);
  const series = new Map<string, Series & { readonly devices: number[]; readonly seen: number[] }>();
  for (const { hour, firmwareName, version, devices, seen } of counts) {
    const key = JSON.stringify([firmwareName, version]);
    const one = series.get(key) ?? { firmwareName, version, devices: none(), seen: none() };
    series.set(key, one);
    const place = places.get(hour);
    if (place === undefined) continue;
    one.devices[place] = devices;
    one.seen[place] = seen;
  }
  return [...series.values()].sort(
    (a, b) => ordered(a.firmwareName, b.firmwareName) || compareVersions(a.version, b.version),
  );
}

function ordered(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
