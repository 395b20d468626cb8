/** What a fleet has been through, in numbers: bounded memory, however long it goes on. */
import type { Mode } from '../generations.ts';
import type { Connection } from '../line.ts';
import type { Arrival } from './arrival.ts';
import { type DeviceKind, hasModes } from './kinds.ts';
import { createLatencies, type Latency } from './latency.ts';
import { type LifeEvent, type LifeState, STANDINGS, type Standing } from './life.ts';
import type { Traits } from './roster.ts';
import type { Spoken } from './speaking.ts';

export type Counts = Readonly<Record<string, number>>;

/** How a fleet stands at a moment. */
export interface FleetState {
  readonly elapsedMs: number;
  readonly devices: number;
  readonly standings: Readonly<Record<Standing, number>>;
  /** Devices by the version that they run. */
  readonly versions: Counts;
  /** Devices by what they were answered last; those that never were are left out. */
  readonly lastAnswers: Counts;
  /** Questions. */
  readonly asked: number;
  /** Connections, resumes included, by what came: `upgrade`, `rest`, a code of the platform, `HTTP 503`, `no answer`, … */
  readonly answers: Counts;
  /** Of packages, as devices took them. */
  readonly bytes: number;
  readonly images: Images;
  /** Of devices that report, what the server took, and what it did not. */
  readonly reports: { readonly taken: number; readonly refused: number };
  /** Connections open now. */
  readonly open: number;
  /** Devices whose time to ask has come, and that wait for a free connection of this program. */
  readonly late: number;
}

export interface Images {
  /** Whole, and with the hash that the server told. */
  readonly verified: number;
  /** Whole by their length; the server told no hash. */
  readonly unverified: number;
  /** Of these whole ones: such as nobody knew a version of, so that no device could start them. */
  readonly unknown: number;
  /** Taken for an image by a device, but by no boot loader: a fragment, mostly. */
  readonly unusable: number;
  /** Other bytes than were promised. There must be none. */
  readonly spliced: number;
}

export interface FleetGroup {
  readonly generation: DeviceKind;
  /** `undefined`: it has none. */
  readonly mode: Mode | undefined;
  readonly devices: number;
  /** Questions by what the device made of the answer: the number of its callback or a word, `never`, or `power lost`. */
  readonly results: Counts;
}

/** What is told in the end. */
export interface FleetReport extends FleetState {
  readonly ended: FleetEnd;
  readonly groups: readonly FleetGroup[];
  /** Whole images that a device took. */
  readonly deliveries: { readonly all: number; readonly most: number; readonly mostId: string | undefined };
  /** From the beginning of a connection to the head of its answer. */
  readonly answerMs: Latency;
  /** How long devices waited for a free connection of this program: what slows the fleet down, and not the server. */
  readonly lateMs: Latency;
  readonly powerCuts: number;
  readonly lineCuts: number;
  /** Why connections failed, as the system names it. */
  readonly faults: Counts;
}

/** `confirmed`, `quiet`, `time`, `rounds`: as was wished; `stopped`: it was told to. */
export type FleetEnd = 'confirmed' | 'quiet' | 'time' | 'rounds' | 'stopped';

export interface Tally {
  lived(before: LifeState | undefined, after: LifeState): void;
  answered(ms: number): void;
  started(lateMs: number): void;
  cutOff(what: 'line' | 'power'): void;
  spoke(index: number, traits: Traits, spoken: Spoken, event: LifeEvent): void;
  state(now: Pick<FleetState, 'elapsedMs' | 'open' | 'late'>): FleetState;
  report(state: FleetState, ended: FleetEnd, fleet: TalliedFleet): FleetReport;
}

/** What a report needs to know of each device. */
export interface TalliedFleet {
  readonly count: number;
  traits(index: number): Traits;
  life(index: number): LifeState;
}

export function createTally(count: number): Tally {
  const standings = createCounter<Standing>();
  const versions = createCounter();
  const answers = createCounter();
  const faults = createCounter();
  const groups = new Map<string, Counter>();
  const images = { verified: 0, unverified: 0, unknown: 0, unusable: 0, spliced: 0 };
  const reports = { taken: 0, refused: 0 };
  const cuts = { line: 0, power: 0 };
  const lastAnswers = new Array<string | undefined>(count).fill(undefined);
  const answerMs = createLatencies();
  const lateMs = createLatencies();
  let asked = 0;
  let bytes = 0;

  const countImage = (arrival: Arrival, event: LifeEvent): void => {
    if (arrival.kind === 'unusable' || arrival.kind === 'spliced') images[arrival.kind] += 1;
    if (arrival.kind !== 'whole') return;
    images[arrival.isVerified ? 'verified' : 'unverified'] += 1;
    if (event.type === 'image' && event.becomes === undefined) images.unknown += 1;
  };

  return {
    lived(before, after) {
      if (before !== undefined) {
        standings.add(before.standing, -1);
        versions.add(before.version, -1);
      }
      standings.add(after.standing, 1);
      versions.add(after.version, 1);
    },
    answered: answerMs.add,
    started(ms) {
      asked += 1;
      lateMs.add(ms);
    },
    cutOff(what) {
      cuts[what] += 1;
    },
    spoke(index, traits, { runs, arrival, result, reports: made = [] }, event) {
      const connections = runs.flatMap((run) => run.connections);
      for (const connection of connections) {
        answers.add(labelOf(connection), 1);
        if (connection.fault !== undefined) faults.add(connection.fault, 1);
      }
      for (const run of runs) if (run.connections.some(isPackage)) bytes += run.bytes;
      for (const isTaken of made) reports[isTaken ? 'taken' : 'refused'] += 1;
      const last = connections.at(-1);
      if (last?.heard !== undefined) lastAnswers[index] = labelOf(last);
      countImage(arrival, event);
      const group = groupOf(traits);
      const results = groups.get(group) ?? createCounter();
      groups.set(group, results);
      results.add(result, 1);
    },
    state: (now) => ({
      ...now,
      devices: count,
      standings: Object.fromEntries(STANDINGS.map((name) => [name, standings.of(name)])) as Record<Standing, number>,
      versions: versions.all(),
      lastAnswers: counted(lastAnswers.filter((answer) => answer !== undefined)),
      asked,
      answers: answers.all(),
      bytes,
      images: { ...images },
      reports: { ...reports },
    }),
    report: (state, ended, fleet) => ({
      ...state,
      ended,
      groups: groupsOf(fleet, groups),
      deliveries: deliveriesOf(fleet),
      answerMs: answerMs.summary(),
      lateMs: lateMs.summary(),
      powerCuts: cuts.power,
      lineCuts: cuts.line,
      faults: faults.all(),
    }),
  };
}

function isPackage({ heard }: Connection): boolean {
  return heard !== undefined && heard.status < 300 && heard.code === undefined;
}

/** What came on one connection, in a word. */
function labelOf({ heard, reached }: Connection): string {
  if (heard === undefined) return reached ? 'no answer' : 'no connection';
  if (heard.code !== undefined) return heard.code === 0 ? 'offer' : String(heard.code);
  if (heard.status === 200) return 'upgrade';
  return heard.status === 206 ? 'rest' : `HTTP ${heard.status}`;
}

function groupOf({ kind, mode }: Traits): string {
  return hasModes(kind) ? `${kind} ${mode}` : kind;
}

function groupsOf(fleet: TalliedFleet, results: ReadonlyMap<string, Counter>): FleetGroup[] {
  const members = new Map<string, { readonly traits: Traits; devices: number }>();
  for (let index = 0; index < fleet.count; index += 1) {
    const traits = fleet.traits(index);
    const name = groupOf(traits);
    const group = members.get(name) ?? { traits, devices: 0 };
    group.devices += 1;
    members.set(name, group);
  }
  return [...members]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(
      ([
        name,
        {
          traits: { kind, mode },
          devices,
        },
      ]) => ({
        generation: kind,
        mode: hasModes(kind) ? mode : undefined,
        devices,
        results: results.get(name)?.all() ?? {},
      }),
    );
}

function deliveriesOf(fleet: TalliedFleet): FleetReport['deliveries'] {
  let all = 0;
  let most = 0;
  let mostAt: number | undefined;
  for (let index = 0; index < fleet.count; index += 1) {
    const { taken } = fleet.life(index);
    all += taken;
    if (taken <= most) continue;
    most = taken;
    mostAt = index;
  }
  return { all, most, mostId: mostAt === undefined ? undefined : fleet.traits(mostAt).id };
}

interface Counter<Name extends string = string> {
  add(name: Name, by: number): void;
  of(name: Name): number;
  /** By name; those that come to nothing are left out. */
  all(): Counts;
}

function createCounter<Name extends string = string>(): Counter<Name> {
  const counts = new Map<Name, number>();
  const of = (name: Name): number => counts.get(name) ?? 0;
  return {
    add: (name, by) => void counts.set(name, of(name) + by),
    of,
    all: () => sorted([...counts].filter(([, many]) => many !== 0)),
  };
}

function counted(names: readonly string[]): Counts {
  const counts = createCounter();
  for (const name of names) counts.add(name, 1);
  return counts.all();
}

function sorted(counts: ReadonlyArray<readonly [string, number]>): Counts {
  return Object.fromEntries(counts.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
