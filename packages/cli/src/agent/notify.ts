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

const PROGRAM = 'systemd-notify';
const STATUS_MS = 2_000;

/** Without NOTIFY_SOCKET nothing is told to anybody. */
export function createNotifier(env: Readonly<Record<string, string | undefined>>, tell: Tell): Notifier {
  const { NOTIFY_SOCKET: socket = '' } = env;
  let isMute = socket === '';
  let last: Promise<void> = Promise.resolve();
  /** In order: a READY that overtakes a RELOADING would be none. */
  const send = (...assignments: readonly string[]): Promise<void> => {
    if (isMute) return last;
    last = last
      .then(() => run(assignments, env))
      .catch((error: Error) => {
        if (!isMute) tell('warn', 'systemd-unreachable', `systemd is not told anything: ${error.message}`);
        isMute = true;
      });
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
      void send('READY=1');
      if (everyMs !== undefined && !isMute) watchdog ??= setInterval(() => void send('WATCHDOG=1'), everyMs);
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
    const child = spawn(PROGRAM, assignments, { stdio: 'ignore', env: { ...env }, timeout: 5_000 });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${PROGRAM} ended with ${code}`))));
  });
}
