import type { Kept, Notebook, Target, Vault } from 'libfota2/core';

/** A target, and what is kept beside it. */
export interface Place {
  readonly target: Target;
  readonly notebook: Notebook;
  readonly vault: Vault;
}

/** Everything that a place can be asked to do, and so can fail at; `recall` and `keep` are those of the vault. */
export type DiskStep = Exclude<keyof Target, 'place'> | keyof Notebook | 'recall' | 'keep';

/** Decides before each step whether it fails, and with what. */
export type DiskFault = (step: DiskStep, bytes: number) => Error | undefined;

/**
 * A place in memory, as strict as the port allows: what was not marked is lost on `suspend`, a dropped part is gone, and
 * what is shown changes in one step. It outlives the targets that are made for it, as a disk outlives a process.
 */
export class MemoryDisk {
  /** What the place shows. */
  shown: Uint8Array | undefined;
  /** What the notebook holds. */
  notes: string | undefined;
  /** The copies of what the device trusts. */
  readonly vault: [string | undefined, string | undefined] = [undefined, undefined];
  /** The durable parts by token. */
  readonly parts: Map<string, Uint8Array> = new Map();
  /** Consulted before each step. */
  fault: DiskFault = () => undefined;
  #tokens = 0;

  /** The place as a new process sees it. */
  place(): Place {
    const notebook: Notebook = {
      load: async () => this.notes,
      save: async (text) => {
        this.notes = text;
      },
    };
    const copy = (index: 0 | 1): Notebook => ({
      load: async () => this.vault[index],
      save: async (text) => {
        this.vault[index] = text;
      },
    });
    const place = { target: new MemoryTarget(this), notebook, vault: [copy(0), copy(1)] as const };
    return withFaults(place, (step, bytes) => this.fault(step, bytes));
  }

  newToken(): string {
    this.#tokens += 1;
    return `part-${this.#tokens}`;
  }
}

class MemoryTarget implements Target {
  readonly place = 'memory';
  readonly #disk: MemoryDisk;
  #open: { readonly token: string; bytes: Uint8Array } | undefined;

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  async size(): Promise<number | undefined> {
    return this.#disk.shown?.length;
  }

  async init(_size: number | undefined, kept: Kept | undefined): Promise<number> {
    const old = kept === undefined ? undefined : this.#disk.parts.get(kept.token);
    // Nobody will go on with the others.
    for (const token of this.#disk.parts.keys()) if (token !== kept?.token) this.#disk.parts.delete(token);
    const bytes = old !== undefined && kept !== undefined && old.length >= kept.bytes ? kept.bytes : 0;
    const token = this.#disk.newToken();
    this.#open = { token, bytes: (old ?? new Uint8Array()).slice(0, bytes) };
    if (bytes > 0) this.#disk.parts.set(token, this.#open.bytes);
    return bytes;
  }

  async wait(): Promise<void> {}

  async *read(bytes: number): AsyncGenerator<Uint8Array> {
    yield this.#part.bytes.slice(0, bytes);
  }

  async write(bytes: Uint8Array): Promise<void> {
    const part = this.#part;
    part.bytes = Buffer.concat([part.bytes, bytes]);
  }

  async mark(): Promise<Kept> {
    const { token, bytes } = this.#part;
    this.#disk.parts.set(token, bytes);
    return { token, bytes: bytes.length };
  }

  async done(): Promise<void> {
    await this.mark();
  }

  async finish(ok: boolean): Promise<string> {
    if (ok) this.#disk.shown = this.#part.bytes;
    if (this.#open !== undefined) this.#disk.parts.delete(this.#open.token);
    this.#open = undefined;
    return this.place;
  }

  async forget(kept: Kept): Promise<void> {
    this.#disk.parts.delete(kept.token);
  }

  async suspend(): Promise<void> {
    this.#open = undefined;
  }

  get #part(): { readonly token: string; bytes: Uint8Array } {
    if (this.#open === undefined) throw new Error('init must come first');
    return this.#open;
  }
}

/** A place whose steps fail when `fault` says so, before anything happens. */
export function withFaults({ target, notebook, vault }: Place, fault: DiskFault): Place {
  const check = (step: DiskStep, bytes = 0): void => {
    const error = fault(step, bytes);
    if (error !== undefined) throw error;
  };
  const guarded = <Args extends readonly unknown[], Result>(
    step: DiskStep,
    work: (...args: Args) => Promise<Result>,
  ): ((...args: Args) => Promise<Result>) => {
    return async (...args) => {
      check(step, args[0] instanceof Uint8Array ? args[0].length : 0);
      return work(...args);
    };
  };
  const copy = (one: Notebook): Notebook => ({
    load: guarded('recall', () => one.load()),
    save: guarded('keep', (text: string) => one.save(text)),
  });
  return {
    target: {
      place: target.place,
      size: guarded('size', () => target.size()),
      init: guarded('init', (size: number | undefined, kept: Kept | undefined) => target.init(size, kept)),
      wait: guarded('wait', () => target.wait()),
      async *read(bytes) {
        check('read', bytes);
        yield* target.read(bytes);
      },
      write: guarded('write', (bytes: Uint8Array) => target.write(bytes)),
      mark: guarded('mark', () => target.mark()),
      done: guarded('done', () => target.done()),
      finish: guarded('finish', (ok: boolean) => target.finish(ok)),
      forget: guarded('forget', (kept: Kept) => target.forget(kept)),
      suspend: guarded('suspend', () => target.suspend()),
    },
    notebook: {
      load: guarded('load', () => notebook.load()),
      save: guarded('save', (text: string) => notebook.save(text)),
    },
    vault: [copy(vault[0]), copy(vault[1])],
  };
}

/** Which call of a file system fails, counted from 1, and with what code; with `forGood` so do all that follow. */
export interface CallFault {
  readonly call: number;
  readonly code: string;
  readonly forGood: boolean;
}

/** A file system in which a call fails before anything happens, as do the calls of the handles that it opens. */
export function failingFiles<Files extends object>(
  files: Files,
  fault: CallFault | undefined,
): { readonly files: Files; calls(): number } {
  let calls = 0;
  const failureOf = (name: string): Error | undefined => {
    calls += 1;
    const strikes = fault !== undefined && (calls === fault.call || (fault.forGood && calls > fault.call));
    if (!strikes) return undefined;
    return Object.assign(new Error(`${fault.code}: made by the test at call ${calls}, ${name}`), {
      code: fault.code,
      syscall: name,
    });
  };
  const guard = <Guarded extends object>(object: Guarded): Guarded =>
    new Proxy(object, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]): Promise<unknown> => {
          const error = failureOf(String(name));
          // A descriptor is let go of even where closing it fails.
          if (error !== undefined && name !== 'close') throw error;
          const result: unknown = await Reflect.apply(member, target, args);
          if (error !== undefined) throw error;
          return name === 'open' ? guard(result as object) : result;
        };
      },
    });
  return { files: guard(files), calls: () => calls };
}
