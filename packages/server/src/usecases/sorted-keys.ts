/** Texts in their order, each once: which of them come from a place on is known at once, however many there are. */
export interface SortedKeys {
  readonly size: number;
  /** Nothing happens where it is there. */
  add(key: string): void;
  delete(key: string): void;
  /** At most so many, from the first on that is not below a text. The least text above a key is the key and `\0`. */
  from(text: string, most: number): string[];
}

/** Keys of one block: what adding one may have to move. */
const BLOCK = 512;

/** Blocks of keys, each sorted and none empty: a key that is added moves those of its block only. */
export function sortedKeys(): SortedKeys {
  const blocks: string[][] = [];
  let size = 0;

  /** The block that has the key, or would have it. */
  const blockOf = (key: string): number => {
    if ((blocks.at(-1)?.[0] ?? '') <= key) return Math.max(0, blocks.length - 1);
    const next = firstAbove(blocks.length, (at) => (blocks[at]?.[0] ?? '') > key);
    return Math.max(0, next - 1);
  };

  return {
    get size() {
      return size;
    },

    add(key) {
      const at = blockOf(key);
      const block = blocks[at] ?? [];
      const place = firstAbove(block.length, (i) => (block[i] ?? '') > key);
      if (block[place - 1] === key) return;
      size += 1;
      // Keys that come in their order, as at the start, leave full blocks behind.
      const isLast = at >= blocks.length - 1 && place === block.length;
      if (isLast && (block.length === 0 || block.length >= BLOCK)) {
        blocks.push([key]);
        return;
      }
      block.splice(place, 0, key);
      if (block.length > BLOCK) blocks.splice(at + 1, 0, block.splice(block.length >> 1));
    },

    delete(key) {
      const at = blockOf(key);
      const block = blocks[at] ?? [];
      const place = firstAbove(block.length, (i) => (block[i] ?? '') > key) - 1;
      if (block[place] !== key) return;
      block.splice(place, 1);
      if (block.length === 0) blocks.splice(at, 1);
      size -= 1;
    },

    from(text, most) {
      const keys: string[] = [];
      for (let at = blockOf(text); at < blocks.length && keys.length < most; at += 1) {
        const block = blocks[at] ?? [];
        const first = firstAbove(block.length, (i) => (block[i] ?? '') >= text);
        keys.push(...block.slice(first, first + most - keys.length));
      }
      return keys;
    },
  };
}

/** The first place below `length` for which the test holds, where it holds for all behind it, too; else `length`. */
function firstAbove(length: number, test: (place: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
