/** Reads what people write for options: shares, mixes, spans of time. */
import { InvalidArgumentError } from 'commander';

/** Reads a share as `5%` or `0.05`. */
export function share(text: string): number {
  const [, number, isPercent] = /^(\d{1,3}(?:\.\d+)?|\.\d+)(%?)$/.exec(text) ?? [];
  const value = Number(number) / (isPercent === '%' ? 100 : 1);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It takes a share such as 5% or 0.05.');
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads a span of time such as `200ms`, `1.5s` or `4h`, in milliseconds. */
export function span(text: string): number {
  const [, number, unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (Number.isFinite(ms)) return Math.round(ms);
  throw new InvalidArgumentError('It takes a number and ms, s, m, h or d, such as 200ms or 4h.');
}

/** Reads names with their shares, `2023-10:20,now:80`; a name alone has the share 1. */
export function mix(text: string): Record<string, number> {
  const pairs = text.split(',').map((part) => {
    const [, name = '', number = '1'] = /^([^:]+)(?::(\d+(?:\.\d+)?)%?)?$/.exec(part.trim()) ?? [];
    if (name === '') throw new InvalidArgumentError('It takes names with shares, such as now:80,2023-10:20.');
    return [name, Number(number)] as const;
  });
  return Object.fromEntries(pairs);
}

/** Reads a number, or two as in `20000-100000`. */
export function range(text: string): [number, number] {
  const [, from, to = from] = /^(\d{1,12})(?:-(\d{1,12}))?$/.exec(text) ?? [];
  if (from !== undefined && Number(from) > 0 && Number(from) <= Number(to)) return [Number(from), Number(to)];
  throw new InvalidArgumentError('It takes a number, or two such as 20000-100000.');
}

/** Reads a list of names such as `rev-b,rev-c`; what a name may be is said by who takes it. */
export function names(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim());
}
