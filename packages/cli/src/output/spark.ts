const BARS = [...'▁▂▃▄▅▆▇█'];

/** Numbers as a curve of bars: at most `width` of them, of each share the last number; nothing for 0. */
export function spark(numbers: readonly number[], highest: number, width: number): string {
  const shown = Math.min(width, numbers.length);
  const bars = Array.from({ length: shown }, (_, bar) => {
    const number = numbers[Math.ceil(((bar + 1) * numbers.length) / shown) - 1] ?? 0;
    if (number <= 0) return ' ';
    return BARS[Math.min(BARS.length - 1, Math.floor((number / highest) * BARS.length))] ?? '█';
  });
  return bars.join('');
}
