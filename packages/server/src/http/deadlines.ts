/** What must be over within the same time, many at once: one timer for all of them, however many come and go. */
export interface Deadlines<T> {
  begin(one: T): void;
  end(one: T): void;
}

/** `onLate` is told once of each that has not ended `ms` milliseconds after it began. Keeps no process alive. */
export function createDeadlines<T>(ms: number, onLate: (one: T) => void): Deadlines<T> {
  /** When each is late, in the order of their beginning. */
  const due = new Map<T, number>();
  let isWaiting = false;

  const wait = (forMs: number): void => {
    isWaiting = true;
    setTimeout(look, forMs).unref();
  };
  const look = (): void => {
    isWaiting = false;
    const now = performance.now();
    for (const [one, at] of due) {
      if (at > now) {
        wait(at - now);
        return;
      }
      due.delete(one);
      onLate(one);
    }
  };

  return {
    begin(one) {
      due.set(one, performance.now() + ms);
      if (!isWaiting) wait(ms);
    },
    end: (one) => void due.delete(one),
  };
}
