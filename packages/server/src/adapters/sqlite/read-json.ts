/** Reads JSON that this program wrote into exactly what it meant: nothing is taken for a type that was not looked at. */

/** @throws Mismatch */
export type Read<T> = (value: unknown) => T;

/** What is not as it was written. */
export class Mismatch extends Error {
  /** The message says where, from the outside in. */
  at(place: string | number): Mismatch {
    return new Mismatch(`${place}: ${this.message}`);
  }
}

export const text: Read<string> = (value) => {
  if (typeof value === 'string') return value;
  throw new Mismatch('no text');
};

export const truth: Read<boolean> = (value) => {
  if (typeof value === 'boolean') return value;
  throw new Mismatch('neither true nor false');
};

/** From `least` to `most`, both inclusive. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): Read<number> {
  return (value) => {
    if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value);
    throw new Mismatch(`no whole number from ${least} to ${most}`);
  };
}

/** More than 0, to 100. */
export const percentage: Read<number> = (value) => {
  if (typeof value === 'number' && value > 0 && value <= 100) return value;
  throw new Mismatch('no percentage');
};

export function word<const T extends string>(...words: readonly T[]): Read<T> {
  return (value) => {
    const found = words.find((one) => one === value);
    if (found !== undefined) return found;
    throw new Mismatch(`none of ${words.join(', ')}`);
  };
}

export function list<T>(item: Read<T>): Read<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new Mismatch('no list');
    return value.map((one, at) => inside(at, () => item(one)));
  };
}

/** JSON leaves out what is undefined. */
export function maybe<T>(read: Read<T>): Read<T | undefined> {
  return (value) => (value === undefined ? undefined : read(value));
}

/** Whichever it is first. */
export function either<A, B>(first: Read<A>, second: Read<B>): Read<A | B> {
  return (value) => {
    try {
      return first(value);
    } catch (error) {
      if (error instanceof Mismatch) return second(value);
      throw error;
    }
  };
}

/** All of these parts, and no other. */
export function parts<T extends object>(shape: { readonly [K in keyof T]-?: Read<T[K]> }): Read<T> {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Mismatch('no object');
    const given = new Map<string, unknown>(Object.entries(value));
    const unknown = [...given.keys()].find((name) => !Object.hasOwn(shape, name));
    if (unknown !== undefined) throw new Mismatch(`${unknown}: nobody knows what it is`);
    const read = Object.entries<Read<unknown>>(shape).map(([name, part]) => [
      name,
      inside(name, () => part(given.get(name))),
    ]);
    return Object.fromEntries(read) as T;
  };
}

function inside<T>(place: string | number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Mismatch ? error.at(place) : error;
  }
}
