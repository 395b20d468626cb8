import { appendFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';

/** What was counted in a proof, for the log and, in `npm run prove`, for docs/proof.md: PROVE names its file then. */
export function proof(what: string): void {
  console.log(`PROOF ${what}`);
  const file = process.env['PROVE'] ?? '';
  if (isAbsolute(file)) appendFileSync(file, `${what}\n`);
}
