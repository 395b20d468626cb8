import { dim, span, type Text } from './text.ts';
import { printable, width } from './words.ts';

/** Lines of names and values below each other, those without a value left out. A plain value may have several lines. */
export function factLines(facts: ReadonlyArray<readonly [name: string, value: Text | undefined]>): Text[] {
  const known = facts.flatMap(([name, value]) => (value === undefined ? [] : [[printable(name), value] as const]));
  const longest = Math.max(...known.map(([name]) => width(name)));
  return known.flatMap(([name, value]) => {
    const [first = '', ...rest] = typeof value === 'string' ? value.split('\n') : [value];
    const head = span(dim(name + ' '.repeat(longest - width(name))), '  ', first);
    return [head, ...rest.map((more) => span(' '.repeat(longest + 2), more))];
  });
}
