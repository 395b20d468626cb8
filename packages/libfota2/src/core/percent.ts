/** How far a program says it is, 0 to 100, in what it writes for people; `undefined` where a line tells nothing of it. */
export function percentOf(line: string): number | undefined {
  // swupdate-progress: "[ =====>  ] 2 of 3 40% (rootfs.ext4)".
  const [, step, steps, part] = /(\d{1,4}) of (\d{1,4}) (\d{1,3})%/.exec(line) ?? [];
  if (step !== undefined && Number(step) >= 1 && Number(step) <= Number(steps)) {
    return within((100 * (Number(step) - 1) + Number(part)) / Number(steps));
  }
  // fwup -n: a bare number. RAUC, fwup, Mender: " 40% Verifying signature done.", "|====   | 40%", "- 40 %".
  const [, bare, last] = /^\s*(\d{1,3})\s*$|(?<![\d.,])(\d{1,3})(?:[.,]\d+)? ?%(?!.*\d ?%)/.exec(line) ?? [];
  const found = bare ?? last;
  return found === undefined ? undefined : within(Number(found));
}

function within(percent: number): number | undefined {
  return percent <= 100 ? Math.floor(percent) : undefined;
}
