import { parseDuration } from '@libfota2/protocol';
import { InvalidArgumentError } from 'commander';

/** Reads a span of time such as `30m`, `12h`, `1d12h` or `4w`, in milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('It takes a number and s, m, h, d or w, such as 90d or 1d12h.');
}
