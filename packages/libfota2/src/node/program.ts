import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { Lines } from '../core/lines.ts';
import { failure } from '../core.ts';

/** A program that is to be run to its end. */
export interface Run {
  /** Program and arguments; no shell looks at them. */
  readonly command: readonly string[];
  /** Path of the file that it finds at its standard input; `undefined`: nothing. */
  readonly input?: string | undefined;
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds until it is ended. */
  readonly timeoutMs: number;
  /** Milliseconds that it has for ending by itself once it was told to. Default 10 000. */
  readonly graceMs?: number | undefined;
  /** Told each line that it writes to either output. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** Lines that an error tells, and characters of all of them. */
const LAST_LINES = 5;
const LAST_CHARACTERS = 1_000;
const GRACE_MS = 10_000;
/** For what it wrote last to come through; longer than that only what it left behind writes. */
const DRAIN_MS = 500;

type Exit = { readonly status: number | null; readonly signal: NodeJS.Signals | null };

/**
 * Runs a program in a process group of its own, and resolves once it has ended with status 0. Whatever it writes, only its last
 * lines are held. Where it does not end well, nothing of its group is left.
 * @throws FotaError `installer-failed`, with status or signal and its last lines
 */
export async function runProgram(run: Run): Promise<void> {
  const { command, input, timeoutMs, graceMs = GRACE_MS, onLine } = run;
  const [program = '', ...args] = command;
  const name = basename(program);
  const last: string[] = [];
  const heard = (line: string): void => {
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
    onLine?.(line);
  };
  const failed = (what: string, cause?: unknown): Error => {
    const words = last.join(' | ').slice(-LAST_CHARACTERS);
    return failure('installer-failed', `${name} ${what}${words === '' ? '.' : `: ${words}`}`, 'store', cause);
  };

  // The file itself, no pipe: a program that reads only a part of it, or nothing, is no trouble to anybody.
  const file = input === undefined ? undefined : await open(input, 'r');
  let child: ChildProcess;
  let exited: Promise<Exit>;
  let closed: Promise<unknown>;
  try {
    const env = { ...process.env, ...run.env };
    child = spawn(program, args, { detached: true, env, stdio: [file?.fd ?? 'ignore', 'pipe', 'pipe'] });
    // At once: what it wrote is gone with it where nobody has listened.
    closed = Promise.all([child.stdout, child.stderr].map((stream) => listen(stream, heard)));
    exited = exitOf(child);
    await started(child);
  } catch (error) {
    throw failed(`could not be started: ${reasonOf(error, program)}`, error);
  } finally {
    await file?.close();
  }

  const tell = (signal: NodeJS.Signals): void => signalGroup(child, signal);
  const onOurExit = (): void => tell('SIGTERM');
  process.once('exit', onOurExit);
  let isLate = false;
  try {
    let exit = await within(exited, timeoutMs);
    if (exit === undefined) {
      isLate = true;
      tell('SIGTERM');
      exit = await within(exited, graceMs);
      tell('SIGKILL');
      // The kernel may still be busy for it; to wait for that without end would be to hang as it does.
      exit ??= await within(exited, graceMs);
    }
    await within(closed, DRAIN_MS);
    if (isLate)
      throw failed(`was not done within ${timeoutMs} ms and was ${exit ? 'ended' : 'killed, which it ignores'}`);
    if (exit?.signal != null) throw failed(`was ended by ${exit.signal}`);
    if (exit?.status !== 0) throw failed(`ended with ${exit?.status}`);
  } catch (error) {
    tell('SIGKILL');
    throw error;
  } finally {
    process.removeListener('exit', onOurExit);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => child.once('exit', (status, signal) => resolve({ status, signal })));
}

/** Resolves when the stream is over, for whatever reason. */
function listen(stream: Readable | null, onLine: (line: string) => void): Promise<void> {
  const decoder = new StringDecoder('utf8');
  const lines = new Lines(onLine);
  return new Promise((resolve) => {
    stream?.on('data', (bytes: Buffer) => lines.add(decoder.write(bytes)));
    stream?.on('error', () => undefined);
    stream?.once('close', () => {
      lines.end();
      resolve();
    });
  });
}

/** `undefined` where it takes longer. */
async function within<Result>(work: Promise<Result>, ms: number): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it is left.
  }
}

function reasonOf(error: unknown, program: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `${program} was not found`;
  return code === 'EACCES' ? `${program} may not be executed` : message;
}
