import type pc from 'picocolors';
import type { Output } from '../world.ts';
import { painted, type Text } from './text.ts';
import { width } from './words.ts';

/** A few lines that show how something goes: in their place on a terminal; elsewhere one line now and then. */
export interface Live {
  /** `lines` for a terminal, `line` for a log. */
  show(lines: readonly Text[], line: Text): void;
  /** Leaves the terminal as it was found. */
  end(): void;
}

export interface LiveOptions {
  readonly kind: 'lines' | 'log' | 'none';
  readonly colors: ReturnType<typeof pc.createColors>;
  readonly now: () => number;
}

/** A log gets a line in so many milliseconds. */
const LOG_MS = 5_000;
const ESC = '\u001b';
const UP = `${ESC}[1A`;
const CLEAR_BELOW = `${ESC}[0J`;
const [HIDE, SHOW] = [`${ESC}[?25l`, `${ESC}[?25h`];

export function createLive(out: Output, { kind, colors, now }: LiveOptions): Live {
  let shown = 0;
  let loggedMs = Number.NEGATIVE_INFINITY;
  const write = (text: string): void => {
    if (out.writable) out.write(text);
  };
  const back = (): string => UP.repeat(shown) + (shown === 0 ? '' : `\r${CLEAR_BELOW}`);
  return {
    show(lines, line) {
      if (kind === 'log' && now() - loggedMs >= LOG_MS) {
        loggedMs = now();
        write(`${painted(line, colors)}\n`);
      }
      if (kind !== 'lines') return;
      // A line that the terminal broke would be two, and the way back too short.
      const fitting = lines.map((one) => fitted(painted(one, colors), out.columns || 80));
      write(`${shown === 0 ? HIDE : ''}${back()}${fitting.map((one) => `${one}\n`).join('')}`);
      shown = fitting.length;
    },
    end() {
      if (shown > 0) write(`${back()}${SHOW}`);
      shown = 0;
    },
  };
}

/** Ours are the only escapes in it. */
const ESCAPE = new RegExp(`(${ESC}\\[[\\d;]*m)`);

/** As much of a line as a terminal has room for. */
function fitted(line: string, columns: number): string {
  let left = columns - 1;
  let text = '';
  for (const part of line.split(ESCAPE)) {
    if (ESCAPE.test(part)) {
      text += part;
      continue;
    }
    for (const character of part) {
      left -= width(character);
      if (left >= 0) text += character;
    }
  }
  return text;
}
