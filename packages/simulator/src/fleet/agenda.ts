/**
 * When whose turn is: one heap for a whole fleet, and so one timer. Everybody has one entry at most; those of the same time
 * come in the order in which they were put down.
 */
export interface Agenda {
  /** @throws RangeError where the device has an entry already */
  add(index: number, dueMs: number): void;
  /** When the next one is due; `undefined`: nobody has an entry. */
  nextMs(): number | undefined;
  /** Takes the next one off, if it is due. */
  take(nowMs: number): number | undefined;
  readonly size: number;
}

export function createAgenda(count: number): Agenda {
  const heap = new Uint32Array(count);
  const due = new Float64Array(count);
  const order = new Float64Array(count);
  const isListed = new Uint8Array(count);
  let size = 0;
  let added = 0;

  const at = (place: number): number => heap[place] ?? 0;
  const isBefore = (one: number, other: number): boolean => {
    const difference = (due[one] ?? 0) - (due[other] ?? 0);
    return difference < 0 || (difference === 0 && (order[one] ?? 0) < (order[other] ?? 0));
  };
  const rise = (from: number, index: number): void => {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(index, at(parent))) break;
      heap[place] = at(parent);
      place = parent;
    }
    heap[place] = index;
  };
  const sink = (index: number): void => {
    let place = 0;
    for (let child = 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && isBefore(at(child + 1), at(child))) child += 1;
      if (!isBefore(at(child), index)) break;
      heap[place] = at(child);
      place = child;
    }
    heap[place] = index;
  };

  return {
    add(index, dueMs) {
      if (isListed[index] !== 0) throw new RangeError(`device ${index} has an entry already, or is none`);
      isListed[index] = 1;
      due[index] = dueMs;
      order[index] = added;
      added += 1;
      rise(size, index);
      size += 1;
    },
    nextMs: () => (size === 0 ? undefined : due[at(0)]),
    take(nowMs) {
      const first = at(0);
      if (size === 0 || (due[first] ?? 0) > nowMs) return undefined;
      isListed[first] = 0;
      size -= 1;
      if (size > 0) sink(at(size));
      return first;
    },
    get size() {
      return size;
    },
  };
}

/** Who waits, first come, first served; everybody has one place at most. */
export interface Queue {
  push(index: number): void;
  shift(): number | undefined;
  readonly size: number;
}

export function createQueue(count: number): Queue {
  const ring = new Uint32Array(count);
  let first = 0;
  let size = 0;
  return {
    push(index) {
      ring[(first + size) % count] = index;
      size += 1;
    },
    shift() {
      if (size === 0) return undefined;
      const index = ring[first];
      first = (first + 1) % count;
      size -= 1;
      return index;
    },
    get size() {
      return size;
    },
  };
}
