import type { ApiStandings } from '@libfota2/server';
import { dim, green, red, span, type Text, yellow } from '../output/text.ts';

/** How devices stand, in the order in which they are drawn and named. */
const PARTS = [
  ['confirmed', 'confirmed', '█', green],
  ['underWay', 'under way', '░', dim],
  ['failed', 'failed', '▓', red],
  ['rolledBack', 'rolled back', '▓', red],
  ['silent', 'silent', '▒', yellow],
] as const;

/** How the devices that were offered a release stand, as a bar of so many cells: nobody is too few to be seen. */
export function bar(counts: ApiStandings, cells: number): Text {
  const amounts = PARTS.map(([name]) => counts[name]);
  return span(...PARTS.map(([, , cell, style], place) => style(cell.repeat(shares(amounts, cells)[place] ?? 0))));
}

/** The same in words. */
export function standings(counts: ApiStandings): Text {
  const told = PARTS.filter(([name]) => counts[name] > 0);
  return span(
    ...told.flatMap(([name, word, , style], place): Text[] => {
      const text = `${counts[name]} ${word}`;
      const shown = name === 'confirmed' || name === 'underWay' ? text : style(text);
      return place === 0 ? [shown] : [', ', shown];
    }),
  );
}

/** Whether anybody was offered the release. */
export function isUntouched(counts: ApiStandings): boolean {
  return PARTS.every(([name]) => counts[name] === 0);
}

/** Splits cells by amounts: each amount above 0 gets one at least, the rest goes by size. */
export function shares(amounts: readonly number[], cells: number): number[] {
  const sum = amounts.reduce((all, one) => all + one, 0);
  if (sum === 0) return amounts.map(() => 0);
  const exact = amounts.map((one) => (one * cells) / sum);
  const given = exact.map((one) => (one === 0 ? 0 : Math.max(1, Math.floor(one))));
  const total = (): number => given.reduce((all, one) => all + one, 0);
  const owed = (place: number): number => (exact[place] ?? 0) - (given[place] ?? 0);
  const places = amounts.map((_, place) => place).filter((place) => (amounts[place] ?? 0) > 0);
  for (let left = cells - total(); left > 0; left -= 1) {
    const most = places.reduce((best, place) => (owed(place) > owed(best) ? place : best));
    given[most] = (given[most] ?? 0) + 1;
  }
  for (let over = total() - cells; over > 0; over -= 1) {
    const most = places.reduce((best, place) => ((given[place] ?? 0) > (given[best] ?? 0) ? place : best));
    given[most] = (given[most] ?? 0) - 1;
  }
  return given;
}
