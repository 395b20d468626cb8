import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseQuery } from './parse.ts';
import { printQuery } from './print.ts';
import { OPERATORS, QUERY_FIELDS } from './query.ts';

const text = readFileSync(new URL('../../../../docs/queries.md', import.meta.url), 'utf8');

/** The rows of the table below a heading. */
function rows(heading: string): string[][] {
  const begin = text.indexOf(`## ${heading}`);
  const section = text.slice(begin, text.indexOf('\n## ', begin + 1));
  return [...section.matchAll(/^\| (`.*) \|$/gm)].map(([, row = '']) => row.split(' | '));
}

function quoted(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
}

it('every example of docs/queries.md is a query, in its one way of writing', () => {
  const examples = rows('Examples').map(([query = '']) => query.slice(1, -1));
  expect(examples.length).toBeGreaterThanOrEqual(10);
  for (const example of examples) expect(printQuery(parseQuery(example))).toBe(example);
});

it('docs/queries.md lists every field with what it takes, and no other', () => {
  const fields = rows('Fields').map(([name, what, operators, alone]) => ({
    name: quoted(name)[0],
    choices: quoted(what),
    operators: quoted(operators).filter((word) => /^[=!<>]/.test(word)),
    bare: (alone ?? '').trim() !== '',
  }));
  expect(fields.map(({ name }) => name)).toEqual(Object.keys(QUERY_FIELDS));
  for (const { name, choices, operators, bare } of fields) {
    const field = Object.entries(QUERY_FIELDS).find(([one]) => one === name)?.[1];
    if (field === undefined) continue;
    expect([name, bare]).toEqual([name, field.bare]);
    for (const choice of field.choices ?? []) expect(choices).toContain(choice);
    if (operators.length > 0) expect([name, new Set(operators)]).toEqual([name, new Set(OPERATORS[field.kind])]);
  }
});
