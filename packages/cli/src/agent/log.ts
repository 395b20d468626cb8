/** What the agent says: lines for people at a terminal, JSON for programs. */
import type { Out } from '../output/out.ts';
import { cyan, dim, red, span, type Text, yellow } from '../output/text.ts';
import { clockTime } from '../output/words.ts';

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

/** Says what happened: a stable name, and words for people. */
export type Tell = (level: Level, event: string, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** @param least what is below is not told */
export function createLog(out: Pick<Out, 'event'>, least: () => Level, now: () => number): Tell {
  return (level, event, message, fields = {}) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least())) return;
    const at = new Date(now()).toISOString();
    out.event({ at, level, event, message, ...fields }, lineOf(at, level, event, message));
  };
}

function lineOf(at: string, level: Level, event: string, message: string): Text {
  const name = level === 'error' ? red(event) : level === 'warn' ? yellow(event) : cyan(event);
  const line = span(dim(clockTime(at)), '  ', name, '  ', message);
  return level === 'debug' ? dim(line) : line;
}
