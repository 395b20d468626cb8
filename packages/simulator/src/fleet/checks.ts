/** Reads data that somebody wrote by hand: what is wrong is said with its place, and a misspelt name is wrong, too. */

/** @throws RangeError that names the place and what it takes */
export type Check<T> = (value: unknown, place: string) => T;

type Fields = Readonly<Record<string, Check<unknown>>>;
type Read<Of extends Fields> = { readonly [Name in keyof Of]: ReturnType<Of[Name]> };

export function refuse(place: string, takes: string, value: unknown): never {
  throw new RangeError(`${place} takes ${takes}, not ${value === undefined ? 'nothing' : JSON.stringify(value)}`);
}

export function number(lowest: number, highest: number): Check<number> {
  return (value, place) => {
    if (typeof value === 'number' && value >= lowest && value <= highest) return value;
    return refuse(place, `a number from ${lowest} to ${highest}`, value);
  };
}

export function integer(lowest: number, highest: number): Check<number> {
  return (value, place) => {
    if (Number.isInteger(value) && Number(value) >= lowest && Number(value) <= highest) return Number(value);
    return refuse(place, `a whole number from ${lowest} to ${highest}`, value);
  };
}

export const text: Check<string> = (value, place) =>
  typeof value === 'string' && value !== '' ? value : refuse(place, 'a text', value);

export function choice<const Word extends string>(words: readonly Word[]): Check<Word> {
  return (value, place) => {
    const found = words.find((word) => word === value);
    return found ?? refuse(place, words.map((word) => JSON.stringify(word)).join(', '), value);
  };
}

export const flag: Check<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : refuse(place, 'true or false', value);

/** Two numbers, the smaller first. */
export function span(one: Check<number>): Check<readonly [number, number]> {
  return (value, place) => {
    const [from, to, ...more] = Array.isArray(value) ? value : [];
    if (more.length > 0 || !(from <= to)) return refuse(place, 'two numbers, the smaller first', value);
    return [one(from, place), one(to, place)];
  };
}

export function or<T, Else>(check: Check<T>, otherwise: Else): Check<T | Else> {
  return (value, place) => (value === undefined ? otherwise : check(value, place));
}

/** By name what is checked alike; `isName` says which names there may be. */
export function dictionary<T>(check: Check<T>, isName: (name: string) => boolean): Check<Readonly<Record<string, T>>> {
  return (value, place) =>
    Object.fromEntries(
      Object.entries(object(value, place)).flatMap(([name, one]) => {
        if (!isName(name)) throw new RangeError(`${place} does not know ${JSON.stringify(name)}`);
        return one === undefined ? [] : [[name, check(one, `${place}.${name}`)]];
      }),
    );
}

/** An object of just these fields. One that is not there at all counts as an empty one. */
export function group<Of extends Fields>(fields: Of): Check<Read<Of>> {
  return (value, place) => {
    const given = object(value ?? {}, place);
    const stranger = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
    const at = (name: string): string => (place === '' ? name : `${place}.${name}`);
    if (stranger !== undefined) throw new RangeError(`${at(stranger)} is unknown`);
    const read = Object.entries(fields).map(([name, check]) => [name, check(given[name], at(name))]);
    return Object.fromEntries(read) as Read<Of>;
  };
}

function object(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  return refuse(place || 'a fleet', 'an object', value);
}
