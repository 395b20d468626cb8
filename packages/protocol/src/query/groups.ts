import { joined, MAX_GROUP_DEPTH, MAX_QUERY_TERMS, type Query, QueryError, type QueryTerm } from './query.ts';

/** The names of the groups that a query names itself, each once. */
export function groupsIn(query: Query): ReadonlySet<string> {
  const names = new Set<string>();
  const look = (part: Query): void => {
    if (part.kind === 'and' || part.kind === 'or') part.of.forEach(look);
    else if (part.kind === 'not') look(part.of);
    else if (part.kind === 'term' && part.field === 'group') names.add(nameOf(part));
  };
  look(query);
  return names;
}

/**
 * The same query with the queries of the groups in their place, and of the groups in them. `find` gives the query of a
 * group by its name.
 * @throws QueryError `group-unknown`, `group-cycle`, `too-deep`, `too-many-terms`
 */
export function resolveGroups(query: Query, find: (name: string) => Query | undefined): Query {
  let terms = 0;

  const group = (name: string, path: readonly string[]): Query => {
    if (path.includes(name)) {
      throw new QueryError('group-cycle', `groups name each other in a circle: ${[...path, name].join(' → ')}`);
    }
    if (path.length >= MAX_GROUP_DEPTH) {
      throw new QueryError(
        'too-deep',
        `more than ${MAX_GROUP_DEPTH} groups lie within each other: ${path.join(' → ')}`,
      );
    }
    const found = find(name);
    if (found === undefined) throw new QueryError('group-unknown', `there is no group ${JSON.stringify(name)}`);
    return resolve(found, [...path, name]);
  };

  const leaf = (part: Query): Query => {
    terms += 1;
    if (terms <= MAX_QUERY_TERMS) return part;
    const message = `the query has more than ${MAX_QUERY_TERMS} terms with those of its groups`;
    throw new QueryError('too-many-terms', message);
  };

  const resolve = (part: Query, path: readonly string[]): Query => {
    switch (part.kind) {
      case 'and':
      case 'or':
        return joined(
          part.kind,
          part.of.map((one) => resolve(one, path)),
        );
      case 'not':
        return { kind: 'not', of: resolve(part.of, path) };
      case 'term': {
        if (part.field !== 'group') return leaf(part);
        const whole = group(nameOf(part), path);
        return part.operator === '!=' ? { kind: 'not', of: whole } : whole;
      }
      default:
        return leaf(part);
    }
  };

  return resolve(query, []);
}

function nameOf({ value }: QueryTerm): string {
  return 'parts' in value ? (value.parts[0] ?? '') : '';
}
