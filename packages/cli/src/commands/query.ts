import type { Client } from '../client/http.ts';
import { ApiError } from '../failure.ts';
import type { Out } from '../output/out.ts';
import { width } from '../output/words.ts';

/** The project that is named; where there is a query, which may name groups, the only one that there is. */
export async function projectFor(
  client: Client,
  query: string | undefined,
  named: string | undefined,
): Promise<string | undefined> {
  if (named !== undefined || query === undefined) return named;
  const { items, more } = await client.list('/projects', {}, 1);
  return more ? undefined : items[0]?.name;
}

/** What the server answers to a query; where it does not understand it, a mark below the query shows where. */
export async function asking<T>(out: Out, query: string | undefined, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const position = error instanceof ApiError ? error.problem['position'] : undefined;
    if (query !== undefined && typeof position === 'number') {
      out.note(query);
      out.note(`${' '.repeat(width(query.slice(0, position)))}^`);
    }
    throw error;
  }
}
