/** A fleet as data: who is in it, how it behaves, and when it has done its work. */
import type { IdKind } from '@libfota2/protocol';
import type { Mode } from '../generations.ts';
import type { Mix } from './chance.ts';
import { type Check, choice, dictionary, flag, group, integer, number, or, refuse, span, text } from './checks.ts';
import { DEVICE_KINDS, type DeviceKind, LUATOS_KINDS } from './kinds.ts';
import { BOOTS, type Boot } from './life.ts';

/** Shares of the fleet that get on with a version in another way than well, 0 to 1 each, 1 together at most. */
export type Boots = Mix<Exclude<Boot, 'ok'>> & {
  /** Devices by number, from 0, whatever the shares say. */
  readonly named?: Readonly<Record<string, Boot>> | undefined;
};

export interface FleetServer {
  readonly host: string;
  readonly port: number;
  /**
   * What the script of LuatOS devices asks, as in its options: `http://…`, or `###http://…` used as it stands. Default: they
   * ask the platform, whose name leads to host and port. Others ask at host and port in any case.
   */
  readonly url?: string | undefined;
}

export interface FleetSpec {
  /** 1 to 1 000 000. */
  readonly count: number;
  /** The same seed makes the same fleet: who is what, with which id, and whose upgrade goes wrong. */
  readonly seed: number;
  readonly server: FleetServer;
  readonly projectKey: string;
  readonly firmwareName: string;
  /** Default: the generations of LuatOS, all alike. */
  readonly generations: Mix<DeviceKind>;
  readonly modes: Mix<Mode>;
  readonly idKinds: Mix<IdKind>;
  /** What devices run at first, as they tell it (docs/protocol.md §3). */
  readonly versions: Mix;
  readonly poll: {
    /** Milliseconds from one question to the next; 0: as soon as there is an answer. Default four hours (luatos.md L8). */
    readonly everyMs: number;
    /** By what share of it an interval may be shorter or longer, 0 to 1. Default 0.1. */
    readonly jitter: number;
    /** Within how long all ask for the first time; 0: at once, as a herd does. Default: within an interval. */
    readonly firstWithinMs: number;
    /** Whether who has started asks at once. Default true. */
    readonly atBoot: boolean;
    /** Whether the script hands the same table of options over at each call; some libraries' URL grows then (luatos.md L11). Default false. */
    readonly sameTable: boolean;
  };
  readonly network: {
    /** Share of connections that do not come about. Default 0. */
    readonly unreachable: number;
    /** Share of downloads whose connection breaks somewhere. Default 0. */
    readonly cut: number;
    /** Bytes a second, from one to the other, that a device's network carries. Default: as fast as it goes. */
    readonly bytesPerS: readonly [slowest: number, fastest: number] | undefined;
    /** In how many segments a request's head may go out, 1 to 6 (luatos.md L10). Default 6. */
    readonly segments: number;
  };
  readonly power: {
    /** Share of downloads in which the device loses its power. Default 0. */
    readonly cut: number;
    /** Milliseconds without it, from one to the other. Default an eighth to a quarter of an interval. */
    readonly offMs: readonly [shortest: number, longest: number];
  };
  /** Milliseconds that installing and starting take. Default 30 000, but no longer than an interval. */
  readonly rebootMs: number;
  /** The device's own timer for one upgrade. Default: as its firmware has it, but no longer than an interval, or 5 s. */
  readonly timeoutMs: number | undefined;
  /** By version, `*` for all others, how devices get on with it. Default: well. */
  readonly boots: Readonly<Record<string, Boots>>;
  /** The version that a package makes of a device: by SHA-256, or one for all. Where neither knows, `versionOf` is asked. */
  readonly becomes: string | Readonly<Record<string, string>> | undefined;
  readonly until: {
    /** Default: for ever. */
    readonly afterMs: number | undefined;
    /** Questions of each device. */
    readonly rounds: number | undefined;
    /** `confirmed`: every device that still asks has confirmed a new version. `quiet`: nobody gets anything any more. */
    readonly when: 'confirmed' | 'quiet' | undefined;
    /** How long nobody must have got anything. Default two intervals, but a second at least. */
    readonly quietMs: number;
  };
  /** Connections at a time. Default 500. */
  readonly maxOpen: number;
}

/** What must be said of a fleet; the rest has defaults. As JSON it may come from a file. */
export type FleetWish = Pick<FleetSpec, 'count' | 'server' | 'projectKey' | 'firmwareName' | 'versions'> & {
  readonly [Name in keyof FleetSpec]?: FleetSpec[Name] extends object
    ? { readonly [Part in keyof FleetSpec[Name]]?: FleetSpec[Name][Part] | undefined } | undefined
    : FleetSpec[Name] | undefined;
};

const DAY_MS = 86_400_000;
const milliseconds = integer(0, 400 * DAY_MS);
const share = number(0, 1);

function mixOf<Name extends string>(names?: readonly Name[]): Check<Mix<Name>> {
  const shares = dictionary(number(0, 1e9), (name) => names === undefined || names.some((one) => one === name));
  return (value, place) => {
    const read = shares(value, place);
    if (Object.values(read).some((one) => one > 0)) return read as Mix<Name>;
    return refuse(place, 'at least one share above 0', value);
  };
}

const url: Check<string> = (value, place) => {
  const given = text(value, place);
  return /^(?:###)?http:\/\/[^/]/.test(given) ? given : refuse(place, 'a URL that begins with http://', value);
};

const boots: Check<Boots> = (value, place) => {
  const { named, ...shares } = group({
    fails: or(share, 0),
    flaky: or(share, 0),
    loops: or(share, 0),
    silent: or(share, 0),
    'crashes-later': or(share, 0),
    named: or(
      dictionary(choice(BOOTS), (name) => /^\d{1,7}$/.test(name)),
      undefined,
    ),
  })(value, place);
  const sum = Object.values(shares).reduce((total, one) => total + one, 0);
  return sum > 1 + 1e-9 ? refuse(place, 'shares that are 1 together at most', value) : { ...shares, named };
};

const becomes: Check<string | Readonly<Record<string, string>>> = (value, place) =>
  typeof value === 'string'
    ? text(value, place)
    : dictionary(text, (name) => /^[0-9a-f]{64}$/.test(name))(value, place);

const fields = group({
  count: integer(1, 1_000_000),
  seed: or(integer(0, 2 ** 32 - 1), 1),
  server: group({ host: text, port: integer(1, 65_535), url: or(url, undefined) }),
  projectKey: text,
  firmwareName: text,
  generations: or(mixOf(DEVICE_KINDS), allAlike(LUATOS_KINDS)),
  modes: or(mixOf<Mode>(['fota', 'dst']), { fota: 1, dst: 1 }),
  idKinds: or(mixOf<IdKind>(['imei', 'mac', 'uid']), { imei: 1 }),
  versions: mixOf(),
  poll: group({
    everyMs: or(milliseconds, DAY_MS / 6),
    jitter: or(share, 0.1),
    firstWithinMs: or(milliseconds, undefined),
    atBoot: or(flag, true),
    sameTable: or(flag, false),
  }),
  network: group({
    unreachable: or(share, 0),
    cut: or(share, 0),
    bytesPerS: or(span(number(1, 1e12)), undefined),
    segments: or(integer(1, 6), 6),
  }),
  power: group({ cut: or(share, 0), offMs: or(span(milliseconds), undefined) }),
  rebootMs: or(milliseconds, undefined),
  timeoutMs: or(milliseconds, undefined),
  boots: or(
    dictionary(boots, (name) => name !== ''),
    {},
  ),
  becomes: or(becomes, undefined),
  until: group({
    afterMs: or(milliseconds, undefined),
    rounds: or(integer(1, 2 ** 31), undefined),
    when: or(choice(['confirmed', 'quiet']), undefined),
    quietMs: or(milliseconds, undefined),
  }),
  maxOpen: or(integer(1, 100_000), 500),
});

/** A fleet with its defaults. @throws RangeError that says what is wrong, and where */
export function fleetSpec(wish: FleetWish): FleetSpec {
  const read = fields(wish, '');
  const { everyMs, firstWithinMs = everyMs } = read.poll;
  const { offMs = [Math.round(everyMs / 8), Math.round(everyMs / 4)] as const } = read.power;
  const { rebootMs = Math.min(30_000, everyMs) } = read;
  return {
    ...read,
    poll: { ...read.poll, firstWithinMs },
    power: { ...read.power, offMs },
    rebootMs,
    until: { ...read.until, quietMs: read.until.quietMs ?? Math.max(1_000, 2 * everyMs, 2 * rebootMs) },
  };
}

function allAlike(kinds: readonly DeviceKind[]): Mix<DeviceKind> {
  return Object.fromEntries(kinds.map((kind) => [kind, 1]));
}
