import { compareVersions, type Report, type ReportState } from '@libfota2/protocol';
import { type Advanced, type Attempt, type AttemptEvent, advance } from './attempt.ts';
import { printable } from './decide.ts';

/** What a device says of its upgrade, whichever protocol it said it by. */
export type Said = Pick<Report, 'state' | 'code' | 'bytes' | 'reason' | 'until' | 'log'>;

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
    said?.state === undefined ? { attempt, entered: [] } : advance(attempt, eventOf(said.state, said, at), at);
  if (version === undefined) return reported;
  // It says itself whether it failed: an old version beside a report proves nothing.
  const told = advance(reported.attempt, { type: 'told', version, settled: false }, at);
  return { attempt: told.attempt, entered: [...reported.entered, ...told.entered] };
}

/** The furthest ahead that a device may put off what it is offered: until then nobody can say that it failed. */
const LONGEST_DEFERRAL_MS = 30 * 24 * 3_600_000;

function eventOf(state: ReportState, { code, log, reason, until }: Said, at: number): AttemptEvent {
  if (state === 'deferred') {
    const atMost = until === undefined ? undefined : Math.min(until * 1_000, at + LONGEST_DEFERRAL_MS);
    return { type: 'deferred', deferral: { until: atMost, reason: reasonOf(reason, log) } };
  }
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

/** Of a reason. */
const REASON_LIMIT = 200;

/** Why a device waits: in its own words, else the last line of its log. */
function reasonOf(reason: string | undefined, log: readonly string[]): string {
  return printable(reason ?? log.at(-1) ?? '', REASON_LIMIT);
}

/** A report as the log tells it: how far the device is, and the end of its own log. `until`: of one that waits, for people. */
export function detailOf({ state, reason = '', log }: Said, until?: string): string {
  const [what, why] = [state ?? 'heard', printable(reason, REASON_LIMIT)];
  return [until === undefined ? what : `${what} until ${until}`, why, tale(log)]
    .filter((part) => part !== '')
    .join(': ');
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
