/**
 * Luck that is decided beforehand: a number for a seed and for what it is asked for, whenever and however often that is
 * asked. Two runs of one fleet differ in nothing but what the server and the network make of them.
 */

/** What luck decides; each its own, so that one says nothing of another. */
export const LUCK = {
  shuffle: 1,
  firstAsk: 2,
  poll: 3,
  reach: 4,
  lineCut: 5,
  lineCutAt: 6,
  powerCut: 7,
  powerCutAt: 8,
  off: 9,
  pieces: 10,
  rate: 11,
  id: 12,
} as const;

/** A number from 0 to 1, 1 excluded, for a seed and for up to a few whole numbers. */
export function chance(seed: number, ...asked: readonly number[]): number {
  let hash = mixed(seed ^ 0x9e3779b9);
  for (const word of asked) hash = mixed(Math.imul(hash ^ word, 0x85ebca6b) + 0x6d2b79f5);
  return hash / 2 ** 32;
}

/** Every bit of the result depends on every bit given (the finalizer of MurmurHash3). */
function mixed(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A number for a text, to ask luck for. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

/** Shares by name. They need not add up to anything: `{ a: 20, b: 80 }` is the same as `{ a: 1, b: 4 }`. */
export type Mix<Name extends string = string> = Readonly<Partial<Record<Name, number>>>;

/** The names of a mix with their shares. */
export function sharesIn<Name extends string>(mix: Mix<Name>): Array<readonly [Name, number]> {
  return Object.entries(mix) as Array<[Name, number]>;
}

/** What each of `count` has got. */
export interface Dealt<T> {
  of(index: number): T;
}

/**
 * Deals things to `count` places: of each as many as its share says, but for rounding, at places that the seed decides.
 * @throws RangeError where there is nothing with a share, or more than 255 things
 */
export function deal<T>(
  shares: ReadonlyArray<readonly [what: T, share: number]>,
  count: number,
  seed: number,
  purpose: number,
): Dealt<T> {
  const dealt = shares.filter(([, share]) => share > 0);
  const [first] = dealt;
  if (first === undefined) throw new RangeError('a mix takes at least one share above 0');
  if (dealt.length > 255) throw new RangeError('a mix takes at most 255 names');
  if (dealt.length === 1) return { of: () => first[0] };
  const places = new Uint8Array(count);
  let at = 0;
  const many = apportioned(
    dealt.map(([, share]) => share),
    count,
  );
  for (const [nth, size] of many.entries()) {
    places.fill(nth, at, at + size);
    at += size;
  }
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(chance(seed, LUCK.shuffle, purpose, last) * (last + 1));
    const held = places[last] ?? 0;
    places[last] = places[other] ?? 0;
    places[other] = held;
  }
  return { of: (index) => (dealt[places[index] ?? 0] ?? first)[0] };
}

/** Whole numbers that add up to `count`, each as near to its share as can be: the largest rests are rounded up. */
function apportioned(shares: readonly number[], count: number): number[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const exact = shares.map((share) => (share / total) * count);
  const whole = exact.map(Math.floor);
  const missing = count - whole.reduce((sum, many) => sum + many, 0);
  const byRest = exact.map((many, nth) => [nth, many - Math.floor(many)] as const).sort((a, b) => b[1] - a[1]);
  for (const [nth] of byRest.slice(0, missing)) whole[nth] = (whole[nth] ?? 0) + 1;
  return whole;
}
