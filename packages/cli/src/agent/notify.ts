/** Tells systemd how the agent is, by its own program: Node has no datagram sockets. */
import { spawn } from 'node:child_process';
import type { Tell } from './log.ts';

export interface Notifier {
  /** It runs; from now on the watchdog hears of it. */
  ready(): void;
  /** What it does, for `systemctl status`; of several within a few seconds the last. */
  status(text: string): void;
  reloading(): void;
  /** Resolves once systemd has heard it. */
  stopping(): Promise<void>;
}

/** Comes with systemd, mostly. */
export const NOTIFIER = 'systemd-notify';
const READY = 'READY=1';
const ALIVE = 'WATCHDOG=1';
const STATUS_MS = 2_000;

/** Without NOTIFY_SOCKET nothing is told to anybody. */
export function createNotifier(env: Readonly<Record<string, string | undefined>>, tell: Tell): Notifier {
  const { NOTIFY_SOCKET: socket = '' } = env;
  let isMute = socket === '';
  /** Told once, until it goes well again. */
  let isFailing = false;
  /** Said, and not heard: systemd would wait for it. */
  let isReadyOwed = false;
  let last: Promise<void> = Promise.resolve();
  const deliver = async (assignments: readonly string[]): Promise<void> => {
    const all = isReadyOwed && assignments[0] === ALIVE ? [READY, ...assignments] : assignments;
    try {
      if (!isMute) await run(all, env);
      isFailing = false;
      if (all.includes(READY)) isReadyOwed = false;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (!isFailing) tell('warn', 'systemd-unreachable', `systemd does not hear the agent: ${message}`);
      isFailing = true;
      // A program that is not there will not be; that a machine is too busy for it passes.
      isMute = code === 'ENOENT';
      if (all.includes(READY)) isReadyOwed = true;
    }
  };
  /** In order: a READY that overtakes a RELOADING would be none. */
  const send = (...assignments: readonly string[]): Promise<void> => {
    if (!isMute) last = last.then(() => deliver(assignments));
    return last;
  };
  const everyMs = watchdogMs(env);
  let watchdog: NodeJS.Timeout | undefined;
  let waiting: NodeJS.Timeout | undefined;
  let said = '';
  let wanted = '';
  const tellStatus = (): void => {
    waiting = undefined;
    if (wanted === said) return;
    said = wanted;
    void send(`STATUS=${wanted}`);
    waiting = setTimeout(tellStatus, STATUS_MS);
  };
  return {
    ready() {
      void send(READY);
      if (everyMs !== undefined && !isMute) watchdog ??= setInterval(() => void send(ALIVE), everyMs);
    },
    status(text) {
      wanted = text.replace(/\s+/g, ' ');
      if (waiting === undefined && !isMute) tellStatus();
    },
    reloading() {
      // Since systemd 253 the moment belongs to it.
      void send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`);
    },
    async stopping() {
      clearInterval(watchdog);
      clearTimeout(waiting);
      await send('STOPPING=1');
    },
  };
}

/** Half of the time after which systemd would end the agent. */
function watchdogMs(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const { WATCHDOG_USEC: usec = '', WATCHDOG_PID: pid = String(process.pid) } = env;
  const ms = Number(usec) / 2_000;
  return pid === String(process.pid) && ms > 0 ? Math.max(ms, 100) : undefined;
}

function run(assignments: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(NOTIFIER, assignments, { stdio: 'ignore', env: { ...env }, timeout: 5_000 });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${NOTIFIER} ended with ${code}`))));
  });
}
