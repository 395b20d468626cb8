import { Presets, SingleBar } from 'cli-progress';
import type { Output } from '../world.ts';
import { printable } from './words.ts';

/** Shows how far a transfer is. */
export interface Progress {
  /** So much is done, of so much in all where that is known. */
  at(done: number, total: number | undefined): void;
  /** A remark, above the bar. */
  say(text: string): void;
  /** Leaves the terminal as it was found. */
  end(): void;
}

const SILENT: Progress = { at: () => undefined, say: () => undefined, end: () => undefined };

/** `amount` says how much a number is. */
export function createProgress(
  out: Output,
  what: string,
  kind: 'bar' | 'lines' | 'none',
  amount: (count: number) => string,
): Progress {
  if (kind === 'none') return SILENT;
  return kind === 'bar' ? bar(out, what, amount) : lines(out, what, amount);
}

function bar(out: Output, what: string, amount: (count: number) => string): Progress {
  const shown = new SingleBar(
    {
      format: `${what}  {bar} {percentage} %  {size}`,
      barsize: 32,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      stream: out,
    },
    Presets.shades_classic,
  );
  return {
    at(done, total = done) {
      const size = `${amount(done)} of ${amount(total)}`;
      if (!shown.isActive) shown.start(total, 0, { size });
      shown.setTotal(total);
      shown.update(done, { size });
    },
    say(text) {
      if (shown.isActive) shown.stop();
      out.write(`${printable(text)}\n`);
    },
    end: () => shown.stop(),
  };
}

/** A line for each quarter: enough for a log, little enough to read. */
function lines(out: Output, what: string, amount: (count: number) => string): Progress {
  let quarter = 0;
  const say = (text: string): void => {
    if (out.writable) out.write(`${text}\n`);
  };
  return {
    at(done, total) {
      if (total === undefined || total === 0) return;
      const now = Math.floor((4 * done) / total);
      if (now === quarter) return;
      quarter = now;
      say(`${what}  ${Math.floor((100 * done) / total)} %  ${amount(done)} of ${amount(total)}`);
    },
    say: (text) => say(printable(text)),
    end: () => undefined,
  };
}
