import { createHash } from 'node:crypto';
import type { Package } from '../../domain/catalogue.ts';
import type { OpenPackage, PackageStore } from '../../ports.ts';

/** A package in memory, and how many are reading it. */
interface Hot {
  readonly bytes: Buffer;
  readers: number;
}

/** What a cache holds, for tests and for whoever watches. */
export interface HotPackages extends PackageStore {
  /** Bytes in memory, those that are being loaded included. Never above the limit. */
  heldBytes(): number;
}

/**
 * Packages of another store, the hot ones from memory: whole, checked against their hash, at most `bytes` in all; the
 * one that was not asked for the longest goes first, but none that is being read. Where there is no room, and for a
 * package of more than `packageBytes` (a quarter of all, unless told), the store itself is read.
 *
 * Bytes in memory are those that were checked: they are served on when the file behind them goes or is damaged, which is
 * found when they are loaded again.
 */
export function hotPackages(
  store: PackageStore,
  limits: { readonly bytes: number; readonly packageBytes?: number | undefined },
): HotPackages {
  const packageBytes = limits.packageBytes ?? Math.floor(limits.bytes / 4);
  // In the order of the last use.
  const hot = new Map<string, Hot>();
  const loading = new Map<string, Promise<Hot | undefined>>();
  let held = 0;

  /** Makes room and takes it. False where readers leave none. */
  const reserve = (size: number): boolean => {
    let free = limits.bytes - held;
    const leaving: [string, Hot][] = [];
    for (const entry of hot) {
      if (free >= size) break;
      if (entry[1].readers > 0) continue;
      leaving.push(entry);
      free += entry[1].bytes.length;
    }
    if (free < size) return false;
    for (const [sha256, { bytes }] of leaving) {
      hot.delete(sha256);
      held -= bytes.length;
    }
    held += size;
    return true;
  };

  /** Room is taken at the call, before anything is awaited. `undefined`: the bytes that came are not those of the hash. */
  const load = async (wanted: Package): Promise<Hot | undefined> => {
    let entry: Hot | undefined;
    try {
      entry = await checkedBytes(store, wanted).then((bytes) => bytes && { bytes, readers: 0 });
      if (entry !== undefined) hot.set(wanted.sha256, entry);
      return entry;
    } finally {
      if (entry === undefined) held -= wanted.size;
      loading.delete(wanted.sha256);
    }
  };

  /** Those who come together share one loading. */
  const find = (wanted: Package): Hot | Promise<Hot | undefined> | undefined => {
    const entry = hot.get(wanted.sha256);
    if (entry !== undefined) {
      hot.delete(wanted.sha256);
      hot.set(wanted.sha256, entry);
      return entry.bytes.length === wanted.size ? entry : undefined;
    }
    const shared = loading.get(wanted.sha256);
    if (shared !== undefined || wanted.size > packageBytes || !reserve(wanted.size)) return shared;
    const work = load(wanted);
    loading.set(wanted.sha256, work);
    return work;
  };

  return {
    ...store,
    async open(wanted) {
      const found = find(wanted);
      const entry = found instanceof Promise ? await found : found;
      return entry === undefined ? store.open(wanted) : openHot(entry);
    },
    heldBytes: () => held,
  };
}

function openHot(entry: Hot): OpenPackage {
  entry.readers += 1;
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) entry.readers -= 1;
    isOpen = false;
  };
  const slice = (first: number, last: number): Uint8Array => entry.bytes.subarray(first, last + 1);
  return {
    slice,
    async *read(first, last) {
      try {
        yield slice(first, last);
      } finally {
        await close();
      }
    },
    close,
  };
}

/** The package whole; `undefined` where it changed between the check of the store and the reading of it. */
async function checkedBytes(store: PackageStore, wanted: Package): Promise<Buffer | undefined> {
  const opened = await store.open(wanted);
  try {
    // Not of a pool: what leaves the cache must leave the memory.
    const bytes = Buffer.allocUnsafeSlow(wanted.size);
    const hash = createHash('sha256');
    let at = 0;
    for await (const chunk of opened.read(0, wanted.size - 1)) {
      hash.update(chunk);
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    return at === wanted.size && hash.digest('hex') === wanted.sha256 ? bytes : undefined;
  } finally {
    await opened.close();
  }
}
