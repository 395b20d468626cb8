/** How long things took, in little memory however many there were: counted in steps of a twelfth of a doubling. */
export interface Latencies {
  add(ms: number): void;
  summary(): Latency;
}

/** Milliseconds; half of all, and all but one in a hundred, took at most so long, to within six in a hundred. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

const SMALLEST_MS = 0.01;
const STEPS = 12;

export function createLatencies(): Latencies {
  const counts = new Uint32Array(STEPS * 40);
  let count = 0;
  let most = 0;
  const within = (share: number): number => {
    const wanted = share * count;
    let seen = 0;
    for (const [step, many] of counts.entries()) {
      seen += many;
      if (many > 0 && seen >= wanted) return Math.min(SMALLEST_MS * 2 ** ((step + 1) / STEPS), most);
    }
    return most;
  };
  return {
    add(ms) {
      const step = Math.floor(Math.log2(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) * STEPS);
      const place = Math.min(step, counts.length - 1);
      counts[place] = (counts[place] ?? 0) + 1;
      count += 1;
      most = Math.max(most, ms);
    },
    summary: () => ({ count, p50: round(within(0.5)), p99: round(within(0.99)), most: round(most) }),
  };
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
