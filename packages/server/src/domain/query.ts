import { parseQuery, type Query, QueryError } from '@libfota2/protocol';
import { RULES } from './decide.ts';
import { FotaServerError } from './errors.ts';

const WORDS = { rule: RULES };

/** Reads a query on devices (docs/queries.md). @throws FotaServerError `query-invalid` */
export function readQuery(text: string): Query {
  return asServerError(() => parseQuery(text, WORDS));
}

/** Runs what throws a `QueryError`. @throws FotaServerError `query-invalid` instead of it */
export function asServerError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { position, suggestion, message } = error;
    throw new FotaServerError(
      'query-invalid',
      position === undefined ? message : `${message} (at ${position + 1})`,
      error,
      {
        ...(position !== undefined && { position }),
        ...(suggestion !== undefined && { suggestion }),
      },
    );
  }
}

/** How the id of every device begins that fits: they need not all be looked at. */
export function idPrefixIn(query: Query): string {
  if (query.kind === 'and') return query.of.map(idPrefixIn).reduce((one, other) => (one === '' ? other : one));
  const isOfId = query.kind === 'term' && query.field === 'id' && query.operator === '=';
  return isOfId && 'parts' in query.value ? (query.value.parts[0] ?? '') : '';
}

export function unknownGroup(project: string, group: string): FotaServerError {
  return new FotaServerError('group-unknown', `"${project}" has no group "${group.slice(0, 64)}"`);
}
