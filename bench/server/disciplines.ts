export type Firmware = 'small' | 'medium' | 'large' | 'rolled';
/**
 * MiB of the packages on offer, version 1.0.0 of each. Above that of `rolled` twenty releases are rolled out to others, so that
 * each question of a device looks at twenty rollouts.
 */
export const PACKAGES_MIB: Readonly<Record<Firmware, number>> = {
  small: 1 / 1024,
  medium: 1,
  large: 64,
  rolled: 1 / 1024,
};

/** Whom the server is measured against. `memory` and `file` are bare `node:http`, see children/constant and children/stream. */
export type Rival = 'memory' | 'file' | 'nginx';

/** One thing that devices do, many at a time. */
export interface Discipline {
  readonly what: string;
  readonly firmware: Firmware;
  /** What the devices run. */
  readonly version: '0.9.0' | '1.0.0';
  /** Which devices ask, in turns. */
  readonly devices: { readonly first: number; readonly count: number };
  readonly connections: number;
  /** Seconds of one round. */
  readonly seconds: number;
  /** Bytes of the package that are asked for, both ends inclusive, where it is not the whole. */
  readonly range?: readonly [first: number, last: number];
  /** The status that all of them must get. */
  readonly status: number;
  /** With the least ratio to aim at, if any. */
  readonly rivals: readonly (readonly [rival: Rival, aim: number | undefined])[];
  /** What is counted a second. */
  readonly counts: 'requests' | 'bytes';
}

const MANY = 1e9;
const RANGE_BYTES = 64 * 1024;
/** Devices that always tell the newest version. */
const NEWEST = 1_000;

/** Devices that ask for the first time, and run the newest: each asks once. */
export const FIRST_CONTACTS: Discipline = {
  what: 'First contacts',
  firmware: 'small',
  version: '1.0.0',
  devices: { first: 0, count: MANY },
  connections: 64,
  seconds: 1,
  status: 404,
  rivals: [['memory', undefined]],
  counts: 'requests',
};

/** Everything that is measured. `known`: how many devices made their first contact. */
export function disciplines(known: number): readonly Discipline[] {
  return [
    {
      ...FIRST_CONTACTS,
      what: 'Check-ins with no news',
      devices: { first: 0, count: NEWEST },
      rivals: [['memory', 0.8]],
    },
    {
      ...FIRST_CONTACTS,
      what: 'Check-ins past 20 rollouts',
      firmware: 'rolled',
      devices: { first: 0, count: 1_000 },
      rivals: [['memory', 0.6]],
    },
    {
      ...FIRST_CONTACTS,
      what: 'Check-ins with news of 1 KiB',
      version: '0.9.0',
      // So many that none is sent the same package too often, and none that told the newest before: the server would hold it.
      devices: { first: NEWEST, count: known - NEWEST },
      status: 200,
      rivals: [['memory', 0.8]],
    },
    FIRST_CONTACTS,
    {
      what: 'Ranges of 64 KiB',
      firmware: 'medium',
      version: '0.9.0',
      devices: { first: 0, count: 1_000 },
      connections: 32,
      seconds: 1,
      range: [RANGE_BYTES, 2 * RANGE_BYTES - 1],
      status: 206,
      rivals: [
        ['nginx', 0.8],
        ['memory', undefined],
      ],
      counts: 'requests',
    },
    {
      what: 'Downloads of 1 MiB',
      firmware: 'medium',
      version: '0.9.0',
      devices: { first: 1_000, count: MANY },
      connections: 32,
      seconds: 1,
      status: 200,
      rivals: [
        ['nginx', 0.8],
        ['memory', undefined],
      ],
      counts: 'requests',
    },
    {
      what: 'Downloads of 64 MiB',
      firmware: 'large',
      version: '0.9.0',
      devices: { first: 0, count: MANY },
      connections: 4,
      seconds: 2,
      status: 200,
      rivals: [['file', 0.9]],
      counts: 'bytes',
    },
  ];
}
