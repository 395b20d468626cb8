/** What a package was found to be, as people read it. */
import type { InspectedFile, Inspection } from '@libfota2/server';
import type { Out } from './out.ts';
import { yellow } from './text.ts';

/** What content and file name propose, each with where it was found. */
type Proposal = Partial<InspectedFile['proposal']>;

const PROPOSED = [
  ['firmwareName', 'firmware'],
  ['version', 'version'],
  ['core', 'core'],
  ['sourceCore', 'for core'],
] as const;

export function showInspection(out: Out, inspection: Inspection, proposal: Proposal): void {
  const named: ReadonlyArray<readonly [string, string | undefined]> = [
    ['PROJECT', inspection.project],
    ['VERSION', inspection.version],
  ];
  const known = new Set(named.flatMap(([label, value]) => (value === undefined ? [] : [label])));
  out.facts([
    ['format', inspection.kind === 'unknown' ? inspection.format : `${inspection.format}, ${inspection.kind}`],
    ...named,
    ...inspection.facts
      .filter(({ label }) => !known.has(label))
      .map(({ label, value }): [string, string] => [label, value]),
    ...PROPOSED.flatMap(([name, label]): Array<[string, string]> => {
      const proposed = proposal[name];
      return proposed === undefined ? [] : [[`proposed ${label}`, `${proposed.value}  (${proposed.from})`]];
    }),
  ]);
  showWarnings(out, inspection.warnings);
}

export function showWarnings(out: Out, warnings: readonly string[]): void {
  for (const warning of warnings) out.line(yellow('warning:'), ' ', warning);
}
