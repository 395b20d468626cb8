/** Checks that need nothing but this machine. */

export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

const OLDEST_NODE = [20, 19] as const;
/** Nobody ran this before. */
const EARLIEST = Date.UTC(2026, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return isOld
    ? fail(
        'node',
        `Node ${version} is too old`,
        `Install Node ${OLDEST_NODE.join('.')} or newer from https://nodejs.org.`,
      )
    : ok('node', `Node ${version}`);
}

export function checkClock(now: number): Check {
  const shown = new Date(now).toISOString();
  return now < EARLIEST || now > LATEST
    ? fail(
        'clock',
        `the clock of this machine says ${shown}`,
        'Set it, or let a time server do it: logs and loops go by it.',
      )
    : ok('clock', shown);
}

export function ok(name: string, message: string): Check {
  return { name, status: 'ok', message };
}

export function warn(name: string, message: string, remedy: string): Check {
  return { name, status: 'warn', message, remedy };
}

export function fail(name: string, message: string, remedy: string): Check {
  return { name, status: 'fail', message, remedy };
}
