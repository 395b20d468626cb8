/** How far a device says that it is (docs/protocol.md §11.3). */
export const REPORT_STATES = ['downloading', 'downloaded', 'installed', 'deferred', 'failed', 'rolled-back'] as const;
export type ReportState = (typeof REPORT_STATES)[number];

/** What a device says of itself and its upgrade, of its own accord. Everything is bounded. */
export interface Report {
  readonly id: string | undefined;
  /** What it runs now, as it would tell it in a question. */
  readonly version: string | undefined;
  /** The version of the release that it speaks of; `undefined`: of the last that it was offered. */
  readonly release: string | undefined;
  /** `undefined`: it only tells what it runs. */
  readonly state: ReportState | undefined;
  /** Its own number of what happened. */
  readonly code: number | undefined;
  /** How many of the package it has. */
  readonly bytes: number | undefined;
  /** Of `deferred`: why it does not install, or restart, yet. */
  readonly reason: string | undefined;
  /** Of `deferred`: until when, in seconds since 1970 by its own clock; `undefined`: it cannot say. */
  readonly until: number | undefined;
  /** The last lines of its own log, the last one last. */
  readonly log: readonly string[];
  /** What a repeat of this report has, too; `undefined`: a repeat says the same. */
  readonly report: string | undefined;
}

/** Bytes that a report may have. */
export const REPORT_BYTES = 16_384;
/** Lines that are kept of those that a report brings, and characters of each, and of a reason. */
const REPORT_LINES = 20;
const LINE_LIMIT = 200;

const TEXTS = { id: 128, version: 64, release: 64, report: 64 } as const;
const NUMBERS = { code: -(2 ** 31), bytes: 0, until: 0 } as const;

/**
 * Reads a report's JSON; what it does not know is passed over. A text says what is wrong with it. Never throws.
 */
export function parseReport(text: string): Report | string {
  const members = membersOf(text);
  if (members === undefined) return 'a report is an object in JSON';
  for (const [name, limit] of Object.entries(TEXTS)) {
    const value = members[name];
    if (isGiven(value) && !(typeof value === 'string' && value.length <= limit)) {
      return `${name} must be a text of at most ${limit} characters`;
    }
  }
  for (const [name, least] of Object.entries(NUMBERS)) {
    const value = members[name];
    if (isGiven(value) && !(Number.isSafeInteger(value) && Number(value) >= least)) return `${name} must be an integer`;
  }
  const { state, reason, log = [] } = members;
  if (isGiven(state) && !isState(state)) return `state must be one of ${REPORT_STATES.join(', ')}`;
  if (isGiven(reason) && typeof reason !== 'string') return 'reason must be a text';
  if (isGiven(log) && !isLines(log)) return 'log must be a list of texts';
  const known = { ...empty(), ...Object.fromEntries(Object.entries(members).filter(([, value]) => isGiven(value))) };
  const { id, version, release, code, bytes, until, report } = known;
  return { id, version, release, state: known.state, code, bytes, until, report, ...bounded(known) };
}

/** Writes what is known of a report, within what a server takes: the last lines of a log, and the beginning of each. */
export function formatReport(report: Partial<Report>): string {
  const { log, reason } = bounded(report);
  return JSON.stringify({ ...report, reason, log: log.length === 0 ? undefined : log });
}

/** The words of a report, as many of them as are kept. */
function bounded({ log = [], reason }: Partial<Report>): Pick<Report, 'log' | 'reason'> {
  const beginning = (text: string): string => text.slice(0, LINE_LIMIT);
  return { log: log.slice(-REPORT_LINES).map(beginning), reason: reason && beginning(reason) };
}

function empty(): Report {
  const nothing = undefined;
  return {
    id: nothing,
    version: nothing,
    release: nothing,
    state: nothing,
    code: nothing,
    bytes: nothing,
    reason: nothing,
    until: nothing,
    log: [],
    report: nothing,
  };
}

/** Some languages write what they do not know as null. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isState(value: unknown): value is ReportState {
  return (REPORT_STATES as readonly unknown[]).includes(value);
}

function isLines(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((line) => typeof line === 'string');
}

function membersOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
