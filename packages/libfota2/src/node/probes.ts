import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { get as getSecure } from 'node:https';
import type { Signal } from '../core.ts';

/** Resolves to `undefined` where what runs is well, else to what is wrong with it. */
export type Probe = (signal: Signal) => Promise<string | undefined>;

const TIMEOUT_MS = 10_000;
/** From the end of a command to the end of what it prints. */
const OUTPUT_MS = 500;
/** Of what a command prints, the end that is told. */
const WORDS = 200;

/**
 * Well is what a command ends with status 0 for. It runs without a shell.
 * @param command program and arguments
 * @param timeoutMs milliseconds until it is killed, and counts as unwell. Default 10 000
 */
export function commandProbe(command: readonly string[], timeoutMs: number = TIMEOUT_MS): Probe {
  const [program = '', ...args] = command;
  return (signal) =>
    new Promise((resolve) => {
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      // None where the system had no handles left for them, whatever the types say.
      const pipes = [child.stdout, child.stderr].filter((stream) => stream !== undefined);
      let printed = '';
      const end = (why: string | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        // What it started in the background may hold them for ever.
        for (const stream of pipes) stream.destroy();
        resolve(why);
      };
      /** With all that it started. */
      const kill = (): void => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has gone already.
        }
      };
      const onAbort = (): void => {
        kill();
        end('The probe was ended.');
      };
      let timer = setTimeout(() => {
        kill();
        end(`${program} did not end within ${timeoutMs} ms.`);
      }, timeoutMs);
      for (const stream of pipes) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          printed = (printed + text).slice(-WORDS);
        });
      }
      child.on('error', (error) => end(`${program} cannot be run: ${error.message}`));
      child.on('exit', (status, killer) => {
        if (status === 0) return end(undefined);
        const how = status === null ? `was killed by ${killer}` : `ended with status ${status}`;
        const tell = (): void => {
          const words = printed.trim();
          end(`${program} ${how}${words === '' ? '' : `: ${words}`}`);
        };
        // What it printed last may still be on its way.
        clearTimeout(timer);
        timer = setTimeout(tell, OUTPUT_MS);
        child.on('close', tell);
      });
      signal.addEventListener('abort', onAbort);
    });
}

/**
 * Well is what answers 200 to 299.
 * @param url of http or https
 * @param timeoutMs milliseconds until the head of the answer. Default 10 000
 */
export function httpProbe(url: string, timeoutMs: number = TIMEOUT_MS): Probe {
  const open = url.startsWith('https:') ? getSecure : get;
  return (signal) =>
    new Promise((resolve) => {
      const request = open(url, { agent: false, headers: { connection: 'close' } }, (answer) => {
        const { statusCode = 0 } = answer;
        // What it says is of no interest, and might have no end.
        answer.destroy();
        end(statusCode >= 200 && statusCode < 300 ? undefined : `${url} answered ${statusCode}.`);
      });
      const end = (why: string | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        request.destroy();
        resolve(why);
      };
      const onAbort = (): void => end('The probe was ended.');
      const timer = setTimeout(() => end(`${url} did not answer within ${timeoutMs} ms.`), timeoutMs);
      request.on('error', (error) => end(`${url} cannot be asked: ${error.message}`));
      signal.addEventListener('abort', onAbort);
    });
}
