import { compareVersions, type Report, type ReportState } from '@libfota2/protocol';
import { type Advanced, type Attempt, type AttemptEvent, advance } from './attempt.ts';
import { printable } from './decide.ts';

/** What a device says of its upgrade, whichever protocol it said it by. */
export type Said = Pick<Report, 'state' | 'code' | 'bytes' | 'log'>;

/** Which release it speaks of: by number, or by its version, as its maker or as the wire has it; `undefined`: the last one. */
export type Meant = number | string | undefined;

/**
 * The attempt after its device reported on it, if it did, and told the version that it runs, if it did. What it says of itself
 * comes first: it knows better than a version tells.
 */
export function afterReport(
  attempt: Attempt,
  said: Said | undefined,
  version: string | undefined,
  at: number,
): Advanced {
  const reported =
    said?.state === undefined ? { attempt, entered: [] } : advance(attempt, eventOf(said.state, said), at);
  if (version === undefined) return reported;
  // It says itself whether it failed: an old version beside a report proves nothing.
  const told = advance(reported.attempt, { type: 'told', version, settled: false }, at);
  return { attempt: told.attempt, entered: [...reported.entered, ...told.entered] };
}

function eventOf(state: ReportState, { code, log }: Said): AttemptEvent {
  return { type: 'reported', state, detail: tale(log), ...(code !== undefined && { code }) };
}

/** Whether a report is about this attempt. `sent`: the version that its release has to its maker. */
export function isAbout(attempt: Attempt, meant: Meant, sent: string | undefined): boolean {
  if (meant === undefined) return true;
  if (typeof meant === 'number') return meant === attempt.release;
  return meant === sent || compareVersions(meant, attempt.to) === 0;
}

/** Characters that the log keeps of a report. */
const DETAIL_LIMIT = 2_000;
const BETWEEN = ' | ';

/** A report as the log tells it: how far the device is, and the end of its own log. */
export function detailOf({ state, log }: Said): string {
  return [state ?? 'heard', tale(log)].filter((part) => part !== '').join(': ');
}

/** The last lines, as many of them as there is room for. */
function tale(log: readonly string[]): string {
  let room = DETAIL_LIMIT;
  const lines = log.toReversed().map((line) => printable(line, DETAIL_LIMIT));
  const fitting = lines.filter((line) => {
    room -= line.length + BETWEEN.length;
    return room >= 0;
  });
  return fitting.toReversed().join(BETWEEN);
}
