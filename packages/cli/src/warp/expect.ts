/** What somebody expects of a simulated rollout: `paused`, `confirmed>=95%`, `hit<=50`. */
import type { WarpReport } from '@libfota2/simulator';
import { InvalidArgumentError } from 'commander';

export const STATES = ['complete', 'paused', 'running', 'aborted', 'scheduled'] as const;

/** What can be expected. A share of it is one of all devices. */
const MEASURES = {
  confirmed: ({ counts }: WarpReport): number => counts.confirmed,
  failed: ({ counts }: WarpReport): number => counts.failed,
  'rolled-back': ({ counts }: WarpReport): number => counts['rolled-back'],
  silent: ({ counts }: WarpReport): number => counts.silent,
  /** Of which the server knows that it went wrong. */
  bad: ({ counts }: WarpReport): number => counts.failed + counts['rolled-back'] + counts.silent,
  /** That a bad release really reached. */
  hit: ({ harm }: WarpReport): number => harm.hit,
  /** Whole packages that one device took. */
  deliveries: ({ deliveries }: WarpReport): number => deliveries.most,
  wave: ({ wave }: WarpReport): number => wave,
  /** Times that it paused. */
  pauses: ({ moments }: WarpReport): number => moments.filter(({ what }) => what === 'paused').length,
} as const;

/** Names of what can be expected, for the help. */
export const MEASURE_NAMES: readonly string[] = Object.keys(MEASURES);

const OPERATORS: Readonly<Record<string, (found: number, value: number) => boolean>> = {
  '=': (found, value) => found === value,
  '<': (found, value) => found < value,
  '>': (found, value) => found > value,
  '<=': (found, value) => found <= value,
  '>=': (found, value) => found >= value,
};

export interface WarpExpectation {
  readonly text: string;
  readonly judge: (report: WarpReport) => { readonly found: string | number; readonly met: boolean };
}

export interface WarpJudged {
  readonly expected: string;
  readonly found: string | number;
  readonly met: boolean;
}

const FORM = /^([a-z-]+?) *(<=|>=|=|<|>) *(\d+(?:\.\d+)?)(%?)$/;

/** Reads one expectation, and adds it to those before. */
export function warpExpectation(given: string, before: readonly WarpExpectation[] = []): WarpExpectation[] {
  const text = given.trim();
  const state = STATES.find((one) => one === text);
  if (state !== undefined) {
    return [...before, { text, judge: (report) => ({ found: report.state, met: report.state === state }) }];
  }
  const [, name = '', operator = '', value, unit] = FORM.exec(text) ?? [];
  const measure = Object.hasOwn(MEASURES, name) ? MEASURES[name as keyof typeof MEASURES] : undefined;
  const compare = OPERATORS[operator];
  if (measure === undefined || compare === undefined) {
    throw new InvalidArgumentError(
      `It takes ${STATES.join(', ')}, or one of ${MEASURE_NAMES.join(', ')} and a number.`,
    );
  }
  return [
    ...before,
    {
      text,
      judge(report) {
        const found = measure(report);
        return { found, met: compare(unit === '%' ? (100 * found) / report.devices : found, Number(value)) };
      },
    },
  ];
}

export function judged(expectations: readonly WarpExpectation[], report: WarpReport): WarpJudged[] {
  return expectations.map(({ text, judge }) => ({ expected: text, ...judge(report) }));
}
