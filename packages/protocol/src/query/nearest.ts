/** Longer words are no slips of the hand. */
const LONGEST = 40;

/** The one of `words` that was most likely meant: at most two letters wrong, fewer in short words; upper and lower case are one. */
export function nearestWord(typed: string, words: Iterable<string>): string | undefined {
  if (typed.length > LONGEST) return undefined;
  const wanted = typed.toLowerCase();
  let nearest: string | undefined;
  let least = Math.min(2, Math.floor(wanted.length / 2)) + 1;
  for (const word of words) {
    const wrong = slips(wanted, word.toLowerCase());
    if (wrong >= least) continue;
    least = wrong;
    nearest = word;
  }
  return nearest;
}

/** Letters that are missing, too many, wrong or exchanged with their neighbour (the optimal string alignment distance). */
function slips(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const [over, left, diagonal] = [last[j] ?? 0, row[j - 1] ?? 0, last[j - 1] ?? 0];
      let least = Math.min(over + 1, left + 1, diagonal + (isSame ? 0 : 1));
      const isExchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isExchanged) least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
