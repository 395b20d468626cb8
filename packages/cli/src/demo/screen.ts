import { Presets, SingleBar } from 'cli-progress';
import pc from 'picocolors';
import { dim, painted, span, type Text } from '../output/text.ts';
import { jsonText } from '../output/words.ts';

/** What the demo shows: colours and a moving bar on a terminal, plain lines anywhere else. */
export interface Screen {
  /** A line, put together of these: a device that asks cannot steer the terminal. */
  line(...parts: readonly Text[]): void;
  /** A line with a label before it. */
  labelled(label: string, ...parts: readonly Text[]): void;
  progress(bytes: number, total: number): void;
  /** What happened, for programs: a line of JSON where that was asked for, and then nothing else is shown. */
  event(value: object): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

const WIDTH = 10;

export function createScreen(out: NodeJS.WriteStream, isJson: boolean): Screen {
  if (isJson) return createLines(out);
  const isTerminal = out.isTTY === true;
  const colors = pc.createColors(isTerminal && process.env['NO_COLOR'] === undefined);
  const indent = ' '.repeat(WIDTH + 2);
  const line = (...parts: readonly Text[]): void => {
    if (out.writable) out.write(`${painted(span(...parts), colors)}\n`);
  };
  const bar = isTerminal
    ? new SingleBar(
        {
          format: `${indent}${colors.green('{bar}')} {percentage} %  {size}`,
          barsize: 32,
          hideCursor: true,
          gracefulExit: false,
          stream: out,
        },
        Presets.shades_classic,
      )
    : undefined;
  let shown = 0;
  return {
    line,
    labelled: (label, ...parts) => line('  ', dim(label.padEnd(WIDTH)), ...parts),
    progress(bytes, total) {
      const percent = Math.floor((100 * bytes) / total);
      const size = `${(bytes / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
      if (bar !== undefined) {
        if (!bar.isActive) bar.start(total, 0, { size });
        bar.update(bytes, { size });
        if (bytes >= total) bar.stop();
      } else if (Math.floor(percent / 25) > shown) {
        shown = Math.floor(percent / 25);
        line(`${indent}${percent} %  ${size}`);
      }
    },
    event: () => undefined,
    close: () => bar?.stop(),
  };
}

function createLines(out: NodeJS.WriteStream): Screen {
  const nothing = (): void => undefined;
  const event = (value: object): void => void (out.writable && out.write(`${jsonText(value)}\n`));
  return { line: nothing, labelled: nothing, progress: nothing, event, close: nothing };
}
