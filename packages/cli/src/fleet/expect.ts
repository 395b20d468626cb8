/** What somebody expects of a fleet: `confirmed=100%`, `spliced=0`, `deliveries<=6`. */
import type { FleetReport } from '@libfota2/simulator';
import { InvalidArgumentError } from 'commander';

export interface Expectation {
  readonly text: string;
  readonly name: Measure;
  readonly operator: Operator;
  readonly value: number;
  readonly isShare: boolean;
}

/** An expectation, and what it came to. */
export interface Judged {
  readonly expected: string;
  readonly found: number;
  readonly met: boolean;
}

/** What can be expected. A share of it is one of all devices. */
const MEASURES = {
  fresh: ({ standings }: FleetReport): number => standings.fresh,
  installed: ({ standings }: FleetReport): number => standings.installed,
  confirmed: ({ standings }: FleetReport): number => standings.confirmed,
  failed: ({ standings }: FleetReport): number => standings.failed,
  looping: ({ standings }: FleetReport): number => standings.looping,
  'rolled-back': ({ standings }: FleetReport): number => standings['rolled-back'],
  silent: ({ standings }: FleetReport): number => standings.silent,
  /** By the guard against loops. */
  held: ({ lastAnswers }: FleetReport): number => lastAnswers['40'] ?? 0,
  /** Whole images that one device took. */
  deliveries: ({ deliveries }: FleetReport): number => deliveries.most,
  unusable: ({ images }: FleetReport): number => images.unusable,
  spliced: ({ images }: FleetReport): number => images.spliced,
  /** Milliseconds until the head of an answer, of all but one in a hundred. */
  p99: ({ answerMs }: FleetReport): number => answerMs.p99,
} as const;
type Measure = keyof typeof MEASURES;

const OPERATORS = {
  '=': (found: number, value: number): boolean => found === value,
  '<': (found: number, value: number): boolean => found < value,
  '>': (found: number, value: number): boolean => found > value,
  '<=': (found: number, value: number): boolean => found <= value,
  '>=': (found: number, value: number): boolean => found >= value,
} as const;
type Operator = keyof typeof OPERATORS;

/** Names of what can be expected, for the help. */
export const MEASURE_NAMES: readonly string[] = Object.keys(MEASURES);

const FORM = /^([a-z0-9-]+?) *(<=|>=|=|<|>) *(\d+(?:\.\d+)?)(%?)$/;

/** Reads one expectation, and adds it to those before. */
export function expectation(text: string, before: readonly Expectation[] = []): Expectation[] {
  const [, name, operator, value, unit] = FORM.exec(text.trim()) ?? [];
  if (name === undefined) throw new InvalidArgumentError('It takes what, =, <, >, <= or >=, and a number or a share.');
  if (!Object.hasOwn(MEASURES, name)) {
    throw new InvalidArgumentError(`It knows ${MEASURE_NAMES.join(', ')}, but not ${name}.`);
  }
  const read = { name: name as Measure, operator: operator as Operator, value: Number(value), isShare: unit === '%' };
  return [...before, { text: text.trim(), ...read }];
}

export function judge(expectations: readonly Expectation[], report: FleetReport): Judged[] {
  return expectations.map(({ text, name, operator, value, isShare }) => {
    const found = MEASURES[name](report);
    // A share is compared as it is: 999 of 1000 are not 100 %.
    const met = OPERATORS[operator](isShare ? (100 * found) / report.devices : found, value);
    return { expected: text, found, met };
  });
}
