/** How many bytes the area for deltas has, by chip (formats, "Size limits"). */
const LIMITS: ReadonlyArray<readonly [bytes: number, chips: readonly string[]]> = [
  [217_088, ['EC716S', 'EC718S']],
  [331_776, ['EC716E', 'EC718P', 'EC718PV']],
  [360_448, ['EC718PM']],
  [491_520, ['EC618']],
  [950_272, ['EC718HM', 'EC718U', 'EC718UM']],
];

/**
 * What to tell of a delta package's size: for the chip that the file name tells, or for every chip of the family that has
 * too little room. A warning, for partitions can be changed.
 */
export function deltaAreaWarnings(family: 'ec618' | 'ec7xx', size: number, fileName: string | undefined): string[] {
  const named: readonly string[] = fileName?.toUpperCase().match(/EC71[68][A-Z]+/g) ?? [];
  const isMeant = (chip: string) => (family === 'ec618' ? chip === 'EC618' : chip !== 'EC618');
  const chosen = LIMITS.some(([, chips]) => chips.some((chip) => isMeant(chip) && named.includes(chip)));
  return LIMITS.flatMap(([bytes, chips]) => {
    const meant = chips.filter((chip) => isMeant(chip) && (!chosen || named.includes(chip)));
    if (meant.length === 0 || size <= bytes) return [];
    return [`It has ${size} bytes, and the delta area of ${meant.join(', ')} holds ${bytes} as delivered.`];
  });
}
