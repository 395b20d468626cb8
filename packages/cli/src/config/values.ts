/** What a value of a configuration is held against, whoever's configuration it is. */
import { resolve } from 'node:path';
import type { Kind } from '@libfota2/server/settings';
import { nearest } from './nearest.ts';
import { type Place, type Problem, problem } from './problem.ts';

/** A path begins where its author was: where the command was typed, or where the file lies. */
export function rooted({ isPath }: Pick<Kind<unknown>, 'isPath'>, value: unknown, base: string): unknown {
  if (!isPath) return value;
  if (Array.isArray(value)) return value.map((one) => resolve(base, String(one)));
  return typeof value === 'string' ? resolve(base, value) : value;
}

/** A name that is none of `names`. */
export function unknownName(name: string, names: readonly string[], place: Place, remedy?: string): Problem {
  const meant = nearest(name, names);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return problem('config-unknown', place, `is no setting${hint}`, remedy);
}

export function invalidValue(
  { wanted }: Pick<Kind<unknown>, 'wanted'>,
  place: Place,
  found: unknown,
  remedy?: string,
): Problem {
  return problem('config-invalid', place, `must be ${wanted}, not ${shown(found)}`, remedy);
}

/** As they stand in the file; what stands elsewhere comes first. */
export function byLine(one: Problem, other: Problem): number {
  return (one.line ?? 0) - (other.line ?? 0);
}

function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
