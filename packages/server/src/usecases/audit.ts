import { type AuditDraft, type AuditHead, type AuditRecord, type Sha256, sealed } from '../domain/audit.ts';
import { ownerOf, type Principal } from '../domain/principal.ts';
import type { AuditFilter, AuditListing, AuditStore } from '../ports/audit.ts';
import type { Later, Now, Page, PageRequest } from '../ports.ts';

/** What somebody asks for. */
export interface Attempt extends Pick<AuditDraft, 'from' | 'request' | 'project' | 'target' | 'details'> {
  /** `undefined`: nobody knows who it is. */
  readonly principal: Principal | undefined;
  readonly action: string;
}

/**
 * Who did what, for good. No change is without an entry: what is asked for is written before it is done, and its end before
 * the answer leaves. An entry without its end was under way when the server was killed.
 */
export interface Audit {
  /** Durable once resolved; resolves to the entry's id. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  begin(attempt: Attempt): Promise<number>;
  /** How it went: `ok`, or the code of the error; what was made. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  end(of: number, code: string, made?: string): Promise<void>;
  /** Somebody was kept out, or from something. The first of a kind is written at once, the others once a minute as one. */
  refused(attempt: Attempt, code: string): void;
  /** The newest first. @throws FotaServerError `cursor-invalid` */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditListing>>;
  /** The records after one, in order, as they are hashed. */
  records(after: number, limit: number): Promise<readonly AuditRecord[]>;
  /** Writes what waits. */
  flush(): Promise<void>;
}

export interface AuditPorts {
  readonly store: AuditStore;
  readonly now: Now;
  readonly later: Later;
  readonly sha256: Sha256;
  /** Told of what went wrong where nobody waits for an answer. */
  readonly onProblem: (problem: unknown) => void;
}

/** Refusals of one kind within it are one entry. */
const GATHER_MS = 60_000;
/** Kinds that are told apart at a time; further ones are one kind. */
const MOST_KINDS = 1_000;

/** What waits to be written, and who waits for it. */
interface Waiting {
  readonly draft: AuditDraft;
  readonly written: (record: AuditRecord) => void;
  readonly failed: (error: unknown) => void;
}

/** Refusals of one kind that are not written yet. */
interface Gathered {
  readonly draft: AuditDraft;
  count: number;
}

export async function openAudit({ store, now, later, sha256, onProblem }: AuditPorts): Promise<Audit> {
  let head: AuditHead = await store.head();
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  const gathered = new Map<string, Gathered>();
  let timer: ReturnType<Later> | undefined;

  /** All that wait as one group; where it cannot be written the chain ends where it did. */
  const writeGroup = async (): Promise<void> => {
    const group = waiting;
    waiting = [];
    const records: AuditRecord[] = [];
    for (const { draft } of group) records.push(sealed(draft, records.at(-1) ?? head, sha256));
    try {
      await store.append(records);
    } catch (error) {
      for (const { failed } of group) failed(error);
      return;
    }
    head = records.at(-1) ?? head;
    for (const [at, { written }] of group.entries()) {
      const record = records[at];
      if (record !== undefined) written(record);
    }
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) await writeGroup();
    writing = undefined;
  };

  const write = (draft: AuditDraft): Promise<AuditRecord> => {
    const { promise, resolve, reject } = deferred<AuditRecord>();
    waiting.push({ draft, written: resolve, failed: reject });
    // In a turn of its own, so that what comes in the same one is written in one group.
    writing ??= Promise.resolve().then(drain);
    return promise;
  };

  const iso = (): string => new Date(now()).toISOString();

  const writeGathered = async (): Promise<void> => {
    timer?.cancel();
    timer = undefined;
    const due = [...gathered];
    gathered.clear();
    const told = due.filter(([, { count }]) => count > 0);
    if (told.length > 0) gatherLater();
    await Promise.all(
      told.map(([key, one]) => {
        const { draft, count } = one;
        // From now on the next minute's are counted.
        gathered.set(key, { draft, count: 0 });
        return write({ ...draft, at: iso(), ...(count > 1 && { count }) }).catch((problem: unknown) => {
          // They are told with those of the next minute.
          const again = gathered.get(key);
          if (again !== undefined) again.count += count;
          onProblem(problem);
        });
      }),
    );
  };

  const gatherLater = (): void => {
    timer ??= later(GATHER_MS, () => void writeGathered());
  };

  return {
    begin: async (attempt) => (await write({ kind: 'begun', at: iso(), ...told(attempt) })).id,

    async end(of, code, made) {
      await write({ kind: 'ended', at: iso(), of, code, made });
    },

    refused(attempt, code) {
      const draft: AuditDraft = { kind: 'refused', at: iso(), ...told(attempt), code };
      const key = keyOf(attempt, code);
      const kept = gathered.has(key) || gathered.size < MOST_KINDS ? key : 'others';
      const before = gathered.get(kept);
      if (before !== undefined) {
        before.count += 1;
        return;
      }
      const first = { draft: kept === key ? draft : othersOf(draft), count: 0 };
      gathered.set(kept, first);
      gatherLater();
      write(first.draft).catch((problem: unknown) => {
        first.count += 1;
        onProblem(problem);
      });
    },

    list: (filter, page) => store.list(filter, page),
    records: (after, limit) => store.records(after, limit),

    async flush() {
      await writeGathered();
      timer?.cancel();
      timer = undefined;
      await writing;
    },
  };
}

function told({
  principal,
  action,
  project,
  target,
  details,
  from,
  request,
}: Attempt): Omit<AuditDraft, 'kind' | 'at'> {
  const who = principal && { by: ownerOf(principal), name: principal.name, role: principal.role };
  return { ...who, from, request, action, project, target, details };
}

/** Whom nobody knows are one kind, whatever they try, but for whose account it is: they are as many as they like. */
function keyOf({ principal, action, target = '' }: Attempt, code: string): string {
  return principal === undefined ? `${code} ${target}` : JSON.stringify([code, ownerOf(principal), action]);
}

/** Refusals of more kinds than are told apart. */
function othersOf({ kind, at }: AuditDraft): AuditDraft {
  return { kind, at, code: 'others' };
}

function deferred<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}
