/** What the words of a rollout's options mean. */
import { parseInstant } from '@libfota2/protocol';
import type { ApiAmount, ApiThresholdRequest, ApiWindow } from '@libfota2/server';
import { InvalidArgumentError } from 'commander';

/** Reads a percentage such as `80%`, or a number of devices such as `20`. */
export function amount(text: string): ApiAmount {
  const read = percentIn(text);
  if (read !== undefined) return { percent: read };
  if (/^\d{1,15}$/.test(text.trim())) return { count: Number(text) };
  throw new InvalidArgumentError('It takes a percentage such as 80%, or a number of devices such as 20.');
}

/** Reads `5%`, `5% of 50`, `3`, both with a comma between them, or `never`. */
export function threshold(text: string): ApiThresholdRequest {
  if (text.trim() === 'never') return {};
  const read: { count?: number; percent?: number; ofAtLeast?: number } = {};
  for (const part of text.split(',')) {
    const [, share = '', least] = /^\s*(\S+?)(?:\s+of\s+(\d{1,15}))?\s*$/.exec(part) ?? [];
    const percent = percentIn(share);
    if (percent !== undefined && read.percent === undefined) {
      read.percent = percent;
      if (least !== undefined) read.ofAtLeast = Number(least);
    } else if (/^[1-9]\d{0,14}$/.test(share) && least === undefined && read.count === undefined) {
      read.count = Number(share);
    } else {
      throw new InvalidArgumentError(
        "It takes a percentage (5%, '5% of 50'), a number of devices (3), both (5%,3) or never.",
      );
    }
  }
  return read;
}

/** `12.5%`: more than 0, to 100. */
export function percentIn(text: string): number | undefined {
  const [, digits] = /^\s*(\d{1,3}(?:\.\d{1,6})?) ?%\s*$/.exec(text) ?? [];
  const percent = Number(digits);
  return digits !== undefined && percent > 0 && percent <= 100 ? percent : undefined;
}

const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** Reads `1GB`, `1.5 MiB` or a number of bytes. */
export function byteCount(text: string): number {
  const [, digits, unit = ''] = /^\s*(\d{1,15}(?:\.\d{1,6})?) ?([a-z]*)\s*$/i.exec(text) ?? [];
  const bytes = Math.round(Number(digits) * (BYTES[unit.toLowerCase()] ?? Number.NaN));
  if (digits !== undefined && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError('It takes a number of bytes, such as 500MB, 1.5GB or 64MiB.');
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const WINDOW = /^\s*(?:(\S+)\s+)?(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d)\s*$/;

/** Reads `mon-fri 22:00-06:00`, `sat,sun 00:00-24:00` or, for every day, `22:00-06:00`. */
export function hours(text: string): ApiWindow {
  const [, named, opens = '', closes = ''] = WINDOW.exec(text) ?? [];
  const [from, to] = [hour(opens, 23), hour(closes, 24)];
  const days = named === undefined || named.toLowerCase() === 'daily' ? EVERY_DAY : daysIn(named.toLowerCase());
  if (from !== undefined && to !== undefined && days.length > 0) return { days, from, to };
  throw new InvalidArgumentError(
    "It takes days and hours, such as 'mon-fri 22:00-06:00' or, for every day, 22:00-06:00.",
  );
}

/** With two digits each. */
function hour(text: string, last: number): string | undefined {
  const [hours = Number.NaN, minutes = Number.NaN] = text.split(':').map(Number);
  if (!(hours <= last && minutes < 60) || (hours === 24 && minutes > 0)) return undefined;
  return text.padStart(5, '0');
}

/** Of `mon-fri,sun` the numbers, each once and in order; empty where a word is no day. */
function daysIn(text: string): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [first = '', last = first] = part.split('-', 2);
    const [from, to] = [DAYS.indexOf(first.slice(0, 3)) + 1, DAYS.indexOf(last.slice(0, 3)) + 1];
    if (from === 0 || to === 0) return [];
    for (let day = from; ; day = (day % 7) + 1) {
      found.add(day);
      if (day === to) break;
    }
  }
  return EVERY_DAY.filter((day) => found.has(day));
}

/** Days in words: `mon-fri`, `sat,sun`; empty for every day. */
export function daysText(days: readonly number[]): string {
  const sorted = days.toSorted((a, b) => a - b);
  const [first = 0] = sorted;
  if (sorted.length === 7) return '';
  const isRun = sorted.length > 2 && sorted.every((day, place) => day === first + place);
  const name = (day = 0): string => DAYS[day - 1] ?? '';
  return isRun ? `${name(first)}-${name(sorted.at(-1))}` : sorted.map(name).join(',');
}

const HAS_ZONE = /(?:Z|[+-]\d\d:\d\d)$/i;

/**
 * Reads `2026-11-27T22:00+08:00` or, by the clock on the wall of a time zone, `2026-11-27 22:00`, in milliseconds since
 * 1970; `undefined` where it is no time there.
 */
export function instantIn(text: string, timeZone: string): number | undefined {
  const iso = text.trim().replace(' ', 'T');
  const asUtc = parseInstant(iso);
  if (asUtc === undefined || (iso.includes('T') && HAS_ZONE.test(iso))) return asUtc;
  // Two steps, for the first may land on the other side of a change of clocks.
  let at = asUtc;
  for (let step = 0; step < 2; step += 1) at = asUtc - (wallTime(at, timeZone) - at);
  return wallTime(at, timeZone) === asUtc ? at : undefined;
}

/** What the clock on the wall shows, as if it were UTC; whole minutes of difference, as zones have it. */
function wallTime(at: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return Date.parse(`${format.format(at).replace(' ', 'T')}Z`) + (at % 1_000);
}

/** Whether `timeZone` is one that this machine knows. */
export function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}
