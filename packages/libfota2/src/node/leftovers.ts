import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const MARK = 'FOTA_INSTALLING';
/** For the kernel to finish what a killed program was writing. */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 20;

/** Environment by which programs that this process starts for `place`, and what they start, are known again. */
export function markOf(place: string): Readonly<Record<string, string>> {
  return { [MARK]: `${process.pid} ${place}` };
}

/**
 * Ends what a process that is gone, killed or crashed, had started for `place`: it would write into the same slot as the next
 * one. Returns once nothing of it is left.
 *
 * The mark says who started it, and its parent is another one once that has gone: unlike a process number in a file this cannot
 * mean somebody else. Anybody can set a mark: what counts is what the same user has started. Only Linux tells; elsewhere nothing is found.
 * @throws Error where a program of a process that lives is at work here, or one cannot be ended
 */
export async function endLeftovers(place: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = programsFor(place);
    const owned = found.find(({ parent, owner }) => parent === owner && isOfOurUser(owner));
    if (owned !== undefined) throw new Error(`Process ${owned.owner} is installing here, by process ${owned.pid}.`);
    if (found.length === 0) return;
    if (performance.now() > deadline) throw new Error(`Process ${found[0]?.pid} was left here and cannot be ended.`);
    // What it has written counts for nothing, as after a cut of power: there is no reason to let it end in peace.
    for (const { pid } of found) kill(pid);
    await sleep(LOOK_EVERY_MS);
  }
}

interface Marked {
  readonly pid: number;
  readonly parent: number;
  /** Started it, or what started it. */
  readonly owner: number;
}

function programsFor(place: string): readonly Marked[] {
  return processes().flatMap((pid) => {
    if (pid === process.pid || !isOfOurUser(pid)) return [];
    const mark = read(`/proc/${pid}/environ`)
      .split('\0')
      .find((entry) => entry.startsWith(`${MARK}=`) && entry.endsWith(` ${place}`));
    if (mark === undefined) return [];
    // Behind the name, which may hold anything: the state, and the parent.
    const [, parent] = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
    return [{ pid, parent: Number(parent), owner: Number.parseInt(mark.slice(MARK.length + 1), 10) }];
  });
}

function processes(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Whoever runs with rights that are not its own still counts as the user that started it. */
function isOfOurUser(pid: number): boolean {
  const [, user] = /^Uid:\t(\d+)/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return user !== undefined && Number(user) === process.getuid?.();
}

/** Empty for what is gone, or is none of ours. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone by itself.
  }
}
