/** Which process is which: a number alone may belong to another by now. */
import { readdirSync, readFileSync } from 'node:fs';

/** A process, and the moment at which it began. No other one ever has both. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In ticks since the start of the machine, and which start that was; empty where the system does not tell. */
  readonly start: string;
}

interface Seen extends ProcessIdentity {
  readonly state: string;
  readonly group: number;
}

let own: ProcessIdentity | undefined;

export function thisProcess(): ProcessIdentity {
  own ??= { pid: process.pid, start: seen(process.pid)?.start ?? '' };
  return own;
}

/** Whether it still runs. One that ended and that nobody has taken note of yet does not. */
export function isAlive({ pid, start }: ProcessIdentity): boolean {
  const found = seen(pid);
  if (found !== undefined) return found.start === start && found.state !== 'Z';
  return start === '' && isThere(pid);
}

/** Of `pid start`; `undefined` for any other text. */
export function identityIn(text: string): ProcessIdentity | undefined {
  const [, pid, start] = /^(\d{1,10}) (\d*(?:@[0-9a-f-]+)?)$/.exec(text) ?? [];
  return pid === undefined || start === undefined ? undefined : { pid: Number(pid), start };
}

export function identityText({ pid, start }: ProcessIdentity): string {
  return `${pid} ${start}`;
}

/** Of the process group that this one led, those that live, whether it does itself or not. Only those with `variable` in their environment. */
export function groupOf(leader: ProcessIdentity, variable: string): readonly number[] {
  return numbers().filter((pid) => {
    const found = seen(pid);
    if (found === undefined || found.group !== leader.pid || found.state === 'Z') return false;
    return pid === leader.pid ? found.start === leader.start : environmentOf(pid).includes(variable);
  });
}

/** Ends a process group; `false` where there is none any more. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process lives, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What the system tells of a process: Linux alone does, and only there the launcher runs. */
function seen(pid: number): Seen | undefined {
  try {
    return parsed(readFileSync(`/proc/${pid}/stat`, 'latin1'), bootId());
  } catch {
    return undefined;
  }
}

/** The name of a process stands in parentheses and may hold anything, parentheses too. */
function parsed(stat: string, boot: string): Seen {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number.parseInt(stat, 10),
    state: fields[0] ?? '',
    group: Number(fields[2]),
    start: `${fields[19]}@${boot}`,
  };
}

/** Changes with every start of the machine. */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

function numbers(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
