/** Mistakes that a word may have and still be taken for another: a third of its letters. */
const SHARE = 1 / 3;

/** Of known words the one that was probably meant; `undefined` where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = plainOf(word);
  const [best] = known
    .map((one) => ({ one, mistakes: distance(plain, plainOf(one)) }))
    .filter(({ mistakes }) => mistakes <= plain.length * SHARE)
    .toSorted((a, b) => a.mistakes - b.mistakes);
  return best?.one;
}

/** `maxDevices`, `max_devices` and `max-devices` are one word. */
function plainOf(word: string): string {
  return word
    .slice(0, 64)
    .replace(/[^a-zA-Z0-9]/g, '')
    .toLowerCase();
}

/** How many letters must be put in, taken out, replaced, or change places with the next (Damerau, Levenshtein). */
function distance(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= other.length; j += 1) {
      const isSame = one[i - 1] === other[j - 1];
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const ways = [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (isSame ? 0 : 1)];
      row.push(Math.min(...ways, isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY));
    }
  }
  return at(one.length, other.length);
}
