import type { Clock, Timer } from 'libfota2/core';

interface Pending {
  readonly dueMs: number;
  readonly work: () => void;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * A clock that stands still until told: by `advance`, or by itself when it was made `auto`. Such a clock goes to its
 * next timer whenever nothing else is left to do, so that hours of waiting pass at once, in their right order. That holds
 * for worlds without sockets and files, where all that is not waiting for the clock is done within one turn of the loop.
 */
export class FakeClock implements Clock {
  readonly #auto: boolean;
  #nowMs = 0;
  #sleptMs = 0;
  #wallOffsetMs: number;
  #pending: Pending[] = [];
  #armed = false;

  /** @param options.wallMs milliseconds since 1970 at the start; default 2026-01-01T00:00:00Z */
  constructor(options: { readonly auto?: boolean; readonly wallMs?: number } = {}) {
    this.#auto = options.auto ?? false;
    this.#wallOffsetMs = options.wallMs ?? Date.UTC(2026, 0, 1);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  uptimeMs(): number {
    return this.#nowMs + this.#sleptMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#sleptMs + this.#wallOffsetMs;
  }

  /** Walls show UTC here. */
  nextLocalTime(minuteOfDay: number, wallMs: number): number {
    const today = Math.floor(wallMs / DAY_MS) * DAY_MS + minuteOfDay * MINUTE_MS;
    return today > wallMs ? today : today + DAY_MS;
  }

  after(ms: number, work: () => void): Timer {
    const timer = { dueMs: this.#nowMs + ms, work };
    // Those of the same time fire in the order in which they were set.
    const later = this.#pending.findIndex(({ dueMs }) => dueMs > timer.dueMs);
    this.#pending.splice(later < 0 ? this.#pending.length : later, 0, timer);
    this.#arm();
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== timer);
      },
    };
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#pending.length;
  }

  /** Lets `ms` milliseconds pass, timer by timer; between two of them everything else gets its turn. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await turn();
      const [next] = this.#pending;
      if (next === undefined || next.dueMs > untilMs) break;
      this.#fire();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Sets the machine's date; nothing else moves. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** The machine sleeps: dates and uptime go on, timers do not. */
  sleep(ms: number): void {
    this.#sleptMs += ms;
  }

  #fire(): void {
    const next = this.#pending.shift();
    if (next === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.work();
  }

  #arm(): void {
    if (!this.#auto || this.#armed) return;
    this.#armed = true;
    setImmediate(() => {
      this.#armed = false;
      this.#fire();
      if (this.#pending.length > 0) this.#arm();
    });
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
