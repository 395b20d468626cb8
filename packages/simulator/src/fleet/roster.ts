/** Who is who in a fleet: all of it follows from its data, and next to nothing is kept for a device. */
import type { IdKind } from '@libfota2/protocol';
import type { Mode } from '../generations.ts';
import { chance, type Dealt, deal, hashOf, LUCK, sharesIn } from './chance.ts';
import { type DeviceKind, hasModes } from './kinds.ts';
import type { Boot, Habits } from './life.ts';
import type { Boots, FleetSpec } from './spec.ts';

export interface Traits {
  readonly kind: DeviceKind;
  /** Of kinds that have none, the one that they are nearest to. */
  readonly mode: Mode;
  readonly idKind: IdKind;
  readonly id: string;
  /** What it runs at first. */
  readonly version: string;
}

export interface Roster {
  /** Devices are numbered from 0. */
  traits(index: number): Traits;
  /** When it asks for the first time, as a share of the time in which all do. */
  firstAsk(index: number): number;
  readonly habits: Habits;
}

export function createRoster(spec: FleetSpec): Roster {
  const { count, seed, poll, power, rebootMs } = spec;
  const kinds = deal(kindsIn(spec), count, seed, hashOf('kinds'));
  const idKinds = deal(sharesIn(spec.idKinds), count, seed, hashOf('idKinds'));
  const versions = deal(sharesIn(spec.versions), count, seed, hashOf('versions'));
  const boots = new Map<string, Dealt<Boot>>();
  const bootOf = (index: number, version: string): Boot => {
    const wish = spec.boots[version] ?? spec.boots['*'];
    if (wish === undefined) return 'ok';
    const named = wish.named?.[index];
    if (named !== undefined) return named;
    // The same devices whichever version it is would be too lucky a fleet, or too unlucky.
    const dealt = boots.get(version) ?? deal(bootsIn(wish), count, seed, hashOf(`boots ${version}`));
    boots.set(version, dealt);
    return dealt.of(index);
  };
  return {
    traits(index) {
      const idKind = idKinds.of(index);
      return {
        ...kinds.of(index),
        idKind,
        id: idOf(idKind, seed, index),
        version: versions.of(index),
      };
    },
    firstAsk: (index) => chance(seed, LUCK.firstAsk, index),
    habits: {
      pollMs(index, asked) {
        const swing = 2 * chance(seed, LUCK.poll, index, asked) - 1;
        return poll.everyMs * (1 + poll.jitter * swing);
      },
      rebootMs,
      offMs(index, asked) {
        const [shortest, longest] = power.offMs;
        return shortest + (longest - shortest) * chance(seed, LUCK.off, index, asked);
      },
      asksAtBoot: poll.atBoot,
      rounds: spec.until.rounds ?? Number.POSITIVE_INFINITY,
      boot: bootOf,
    },
  };
}

/** Kinds and modes are dealt together: even of a small fleet all are there. */
function kindsIn({ generations, modes }: FleetSpec): KindShare[] {
  const ofModes = sharesIn(modes);
  const all = ofModes.reduce((sum, [, share]) => sum + share, 0);
  return sharesIn<DeviceKind>(generations).flatMap(([kind, share]): KindShare[] =>
    hasModes(kind)
      ? ofModes.map(([mode, part]) => [{ kind, mode }, (share * part) / all])
      : [[{ kind, mode: 'dst' }, share]],
  );
}

type KindShare = readonly [what: Pick<Traits, 'kind' | 'mode'>, share: number];

function bootsIn({ named: _, ...shares }: Boots): Array<readonly [Boot, number]> {
  const given = sharesIn<Boot>(shares);
  const ok = 1 - given.reduce((sum, [, one]) => sum + one, 0);
  return [...given, ['ok', Math.max(0, ok)]];
}

/**
 * An id as such hardware has it: an IMEI with its check digit, a locally administered MAC, or 24 hex digits. Fleets of
 * different seeds have none in common, but for rare chance.
 */
function idOf(kind: IdKind, seed: number, index: number): string {
  if (kind === 'imei') {
    const series = Math.floor(chance(seed, LUCK.id) * 100_000);
    const digits = `86${String(series).padStart(5, '0')}${String(index).padStart(7, '0')}`;
    return digits + checkDigit(digits);
  }
  const series = Math.floor(chance(seed, LUCK.id) * 0x10000);
  const hex = (number: number, width: number): string => number.toString(16).toUpperCase().padStart(width, '0');
  if (kind === 'mac') return `02${hex(series, 4)}${hex(index, 6)}`;
  return hex(series, 4) + hex(Math.floor(chance(seed, LUCK.id, index) * 2 ** 32), 8) + hex(index, 12);
}

/** By Luhn: every second digit from the right counts twice. */
function checkDigit(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const twice = place % 2 === 0 ? 2 * Number(digit) : Number(digit);
    return total + (twice > 9 ? twice - 9 : twice);
  }, 0);
  return String((10 - (sum % 10)) % 10);
}
