/** The operations of the admin API as arguments and answers, by method and address. */
import type { Api } from './api.gen.ts';

interface Operation {
  readonly path: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly answer: unknown;
}

type Nothing = Record<never, never>;

/** A part of a request: not there, to be left out at will, or needed. */
type Part<Name extends string, T> = [T] extends [undefined]
  ? { readonly [Key in Name]?: undefined }
  : Nothing extends T
    ? { readonly [Key in Name]?: T }
    : { readonly [Key in Name]: T };

type Found<O> = O extends Operation ? O : never;
type Taken<O extends Operation> = Part<'path', O['path']> & Part<'query', O['query']> & Part<'body', O['body']>;

export type Method = keyof Api;
export type PathOf<M extends Method> = keyof Api[M] & string;

/** What an operation takes, where it takes something. */
export type Given<M extends Method, P extends PathOf<M>> =
  Nothing extends Taken<Found<Api[M][P]>> ? [given?: Taken<Found<Api[M][P]>>] : [given: Taken<Found<Api[M][P]>>];

export type Answer<M extends Method, P extends PathOf<M>> = Found<Api[M][P]>['answer'];

/** Addresses of lists that come in pages. */
export type ListPath = {
  [P in PathOf<'GET'>]: Answer<'GET', P> extends { readonly items: readonly unknown[] } ? P : never;
}[PathOf<'GET'>];

export type ItemOf<P extends ListPath> =
  Answer<'GET', P> extends { readonly items: readonly (infer Item)[] } ? Item : never;

type Get<P extends PathOf<'GET'>> = Found<Api['GET'][P]>;

/** What a list takes; how much of it there is to be is said beside it. */
export type ListGiven<P extends ListPath> = Part<'path', Get<P>['path']> & {
  readonly query?: Omit<Exclude<Get<P>['query'], undefined>, 'limit' | 'cursor'>;
};

/** What a GET takes in its query. */
export type QueryOf<P extends PathOf<'GET'>> = Exclude<Get<P>['query'], undefined>;

/** What a change takes as its body. */
export type BodyOf<M extends Method, P extends PathOf<M>> = Exclude<Found<Api[M][P]>['body'], undefined>;

/** The words that a type of the API has: one that is missing here, or that it does not have, does not compile. */
export function wordsOf<Word extends string>(words: Readonly<Record<Word, true>>): readonly Word[] {
  return Object.keys(words) as Word[];
}
