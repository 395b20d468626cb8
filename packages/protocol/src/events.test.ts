import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENTS } from './events.ts';
import { REFUSALS } from './refusals.ts';

const docs = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

/** The cells of every table row between two headings. */
function rows(text: string, from: string, to: string): string[][] {
  const part = text.slice(text.indexOf(from), text.indexOf(to));
  return [...part.matchAll(/^\| (?!event|code|---)(.*) \|$/gm)].map((row) => (row[1] ?? '').split(' | '));
}

describe('the table of events', () => {
  const table = rows(docs('protocol.md'), '## §1', '## §2').map(([event, number, code]) => ({
    event,
    number: Number(number),
    code: code?.replaceAll('`', ''),
  }));

  it('gives every event of the documentation the number that the code gives it', () => {
    expect(table.length).toBeGreaterThan(30);
    for (const { code, number } of table)
      expect([code, EVENTS[code as keyof typeof EVENTS]?.result]).toEqual([code, number]);
  });

  it('leaves no code out', () => {
    expect(new Set(table.map((row) => row.code))).toEqual(new Set(Object.keys(EVENTS)));
  });
});

describe('the table of refusals', () => {
  it('is the one of the documentation', () => {
    const table = rows(docs('protocol.md'), '## §6', '## §7').map(([code, reason]) => [
      code,
      reason?.replaceAll('`', ''),
    ]);
    expect(Object.fromEntries(table)).toEqual(REFUSALS);
  });
});

describe('docs/errors.md', () => {
  it('lists every code of the library with its number, and no other', () => {
    const table = rows(docs('errors.md'), '## The device library', '## The agent');
    const documented = table.map(([code, number]) => [code?.replaceAll('`', ''), Number(number)]);
    const coded = Object.entries(EVENTS).map(([code, { result }]) => [code, result]);
    expect(documented).toEqual(coded);
  });
});
