import type { Notebook, Vault } from './ports.ts';

/** Digest of a text; names the format too, so that what has another format counts as unreadable. */
export type Digest = (text: string) => string;

/** A text after its digest. */
export function seal(text: string, digest: Digest): string {
  return `${digest(text)} ${text}`;
}

/** The text that was sealed; whatever has not its digest counts as absent. */
export function unseal(sealed: string | undefined, digest: Digest): string | undefined {
  const blank = sealed?.indexOf(' ') ?? -1;
  const text = sealed?.slice(blank + 1) ?? '';
  return blank > 0 && sealed?.slice(0, blank) === digest(text) ? text : undefined;
}

/** One state of a journal, and how many there were before. */
interface Entry {
  readonly number: number;
  readonly json: string;
}

/** The newest of the copies that are whole. Pure. */
export function latestEntry(copies: readonly string[], digest: Digest): Entry | undefined {
  const entries = copies.flatMap((copy) => {
    const [, number, json] = /^(\d+) (.*)$/s.exec(unseal(copy, digest) ?? '') ?? [];
    return json === undefined ? [] : [{ number: Number(number), json }];
  });
  return entries.reduce<Entry | undefined>(
    (best, entry) => (entry.number > (best?.number ?? -1) ? entry : best),
    undefined,
  );
}

/** A state that is durable once written, whatever cuts the power and whichever one copy rots. */
export interface Journal<State> {
  /**
   * The last state that was written; `undefined` where there never was one.
   * @throws what a copy threw that cannot be read, where the other is not whole
   */
  read(): Promise<State | 'damaged' | undefined>;
  /** Resolves once the state is durable. @throws what the copies throw, if neither could be written */
  write(state: State): Promise<void>;
}

/**
 * A journal of two copies, each with its digest, written in turn: while one is being written the other holds the last state,
 * and when both are, either may be lost.
 */
export function createJournal<State>(vault: Vault, digest: Digest): Journal<State> {
  const read = async (): Promise<Entry | 'damaged' | undefined> => {
    const copies = await settled(vault, (copy) => copy.load());
    const texts = copies.flatMap((copy) => ('value' in copy ? (copy.value ?? []) : []));
    const latest = latestEntry(texts, digest);
    if (latest !== undefined) return latest;
    // What cannot be read might be newer than nothing: to begin anew then would be to forget on the word of a broken disk.
    const broken = copies.find((copy) => 'error' in copy);
    if (broken !== undefined) throw broken.error;
    return texts.length > 0 ? 'damaged' : undefined;
  };
  return {
    async read() {
      const latest = await read();
      return typeof latest === 'object' ? (JSON.parse(latest.json) as State) : latest;
    },
    async write(state) {
      const latest = await read();
      const number = typeof latest === 'object' ? latest.number + 1 : 1;
      const sealed = seal(`${number} ${JSON.stringify(state)}`, digest);
      const written = await settled(vault, (copy) => copy.save(sealed));
      // One is enough to go on with; the next state is written to both again.
      if (written.every((copy) => 'error' in copy)) throw written[0]?.error;
    },
  };
}

const last = new Map<string, Promise<unknown>>();

/** Work at one place, one after the other: what is read, changed and written again must not be so by two at once. */
export async function inTurn<Result>(place: string, work: () => Promise<Result>): Promise<Result> {
  const before = last.get(place);
  const mine = (async () => {
    await before?.catch(() => undefined);
    return work();
  })();
  last.set(place, mine);
  try {
    return await mine;
  } finally {
    if (last.get(place) === mine) last.delete(place);
  }
}

type Settled<Value> = { readonly value: Value } | { readonly error: unknown };

/** One after the other, whatever becomes of the first. */
async function settled<Value>(vault: Vault, work: (copy: Notebook) => Promise<Value>): Promise<Settled<Value>[]> {
  const results: Settled<Value>[] = [];
  for (const copy of vault) {
    results.push(
      await work(copy).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      ),
    );
  }
  return results;
}
