/** Times as queries write them, without a clock: how long ago, and dates of the calendar in UTC. */

const UNITS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;
const DURATION = /^(?:\d{1,9}[wdhms])+$/i;
const PART = /(\d+)([wdhms])/gi;
const DAY_MS = 86_400_000;
/** Longer ago than there are computers. */
const LONGEST_MS = 100_000 * DAY_MS;

/** `1d12h` in milliseconds; `undefined` where it is no duration of at most 100 000 days. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, count, unit = ''] of text.matchAll(PART)) {
    ms += Number(count) * UNITS[unit.toLowerCase() as keyof typeof UNITS];
  }
  return ms <= LONGEST_MS ? ms : undefined;
}

/** In days, hours, minutes and seconds; whole seconds only. */
export function printDuration(ms: number): string {
  let left = ms;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(left / UNITS[unit]);
    left -= count * UNITS[unit];
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|[+-]\d\d:\d\d)?)?$/i;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * An ISO 8601 date, or date and time, in milliseconds since 1970; `undefined` for any other text, and for days that the
 * calendar does not have. A date is its first moment; without a zone it is UTC.
 */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const number = (group: number): number => Number(match[group] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const length = month === 2 && isLeap(year) ? 29 : MONTH_DAYS[month - 1];
  if (length === undefined || day < 1 || day > length || hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = zoneMs(match[8] ?? 'Z');
  if (offset === undefined) return undefined;
  const ms = Number((match[7] ?? '').padEnd(3, '0'));
  const time = hour * UNITS.h + minute * UNITS.m + second * UNITS.s + ms;
  return daysBefore(year, month, day) * DAY_MS + time - offset;
}

/** The shortest form that `parseInstant` reads as the same. */
export function printInstant(at: number): string {
  const days = Math.floor(at / DAY_MS);
  const left = at - days * DAY_MS;
  const date = dateOf(days);
  if (left === 0) return date;
  const two = (unit: number, within: number): string => pad(Math.floor(left / unit) % within, 2);
  const clock = `${two(UNITS.h, 24)}:${two(UNITS.m, 60)}`;
  const ms = left % 1_000;
  const seconds = left % UNITS.m === 0 ? '' : `:${two(UNITS.s, 60)}${ms === 0 ? '' : `.${pad(ms, 3)}`}`;
  return `${date}T${clock}${seconds}Z`;
}

function zoneMs(zone: string): number | undefined {
  if (zone.toUpperCase() === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4))];
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * UNITS.h + minutes * UNITS.m);
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Days from 1970 to a date. A year is counted from March, so that the leap day is its last. */
function daysBefore(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

/** The date that is so many days after 1970 began. */
function dateOf(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const place = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * place + 2) / 5) + 1;
  const month = place < 10 ? place + 3 : place - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

function pad(number: number, width: number): string {
  return String(number).padStart(width, '0');
}
