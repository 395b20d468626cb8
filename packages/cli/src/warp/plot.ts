/** How devices stood over time, drawn with characters. */
import type { WarpSample } from '@libfota2/simulator';
import { dim, green, red, span, type Text } from '../output/text.ts';
import { spanText } from './words.ts';

const [WIDTH, HEIGHT] = [64, 10];

/** Confirmed ones from below, bad ones on top of them, of all devices. */
export function plot(samples: readonly WarpSample[], devices: number): Text[] {
  const end = samples.at(-1)?.atMs ?? 0;
  const columns = Array.from({ length: WIDTH }, (_, column) => at(samples, (end * (column + 1)) / WIDTH));
  const cells = (many: number): number => (many === 0 ? 0 : Math.max(1, Math.round((many * HEIGHT) / devices)));
  const rows = Array.from({ length: HEIGHT }, (_, row) => {
    const level = HEIGHT - row;
    const label = level === HEIGHT ? '100 %' : level === HEIGHT / 2 ? ' 50 %' : '     ';
    const drawn = columns.map(({ confirmed, bad }) => {
      const good = cells(confirmed);
      if (level <= good) return green('█');
      return level <= good + cells(bad) ? red('▓') : ' ';
    });
    return span(dim(`${label} │`), ...drawn);
  });
  const last = spanText(end);
  return [...rows, dim(`  0 % └${'─'.repeat(WIDTH)}`), dim(`       0${last.padStart(WIDTH - 1)}`)];
}

/** How it stood then. */
function at(samples: readonly WarpSample[], ms: number): WarpSample {
  return samples.findLast(({ atMs }) => atMs <= ms) ?? { atMs: 0, confirmed: 0, bad: 0, underWay: 0 };
}
