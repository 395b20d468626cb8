/** What `npm start` shows: a server with two releases, a device that upgrades itself, and how to connect one's own. */

import { join, resolve } from 'node:path';
import { type Failure, failureOf } from '../failure.ts';
import { jsonText, printable } from '../output/words.ts';
import { type DemoOptions, helpFor, here, nearest, parseOptions } from './options.ts';
import { createScreen } from './screen.ts';

/**
 * Runs the demo; resolves to the exit code. `root` is the folder that `.data/demo` lies in, `command` what a person types
 * before options.
 */
export async function demo(args: readonly string[], root: string, command = 'npm start --'): Promise<number> {
  const options = parseOptions(args);
  if (typeof options === 'string') {
    const remedy = `Try: ${command} --help`;
    if (args.includes('--json')) process.stdout.write(errorLine({ code: 'usage', message: options, remedy }));
    else process.stderr.write(`${options}\n${remedy}\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(helpFor(command));
    return 0;
  }
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  // Not once: an impatient second Ctrl-C, or one that npm hands on as well, must not cut the end short.
  for (const signal of signals) process.on(signal, end);
  // A reader that has gone (`npm start | head`) ends the demo as Ctrl-C does.
  process.stdout.on('error', end);
  const screen = createScreen(process.stdout, options.json);
  const dataDir = dataFolder(options, root);
  try {
    // Not before it is known that there is something to show: the server takes its time to load.
    const { show } = await import('./show.ts');
    await show(options, dataDir, screen, ended.signal, { root: resolve(root), command }).catch((error) => {
      if (!ended.signal.aborted) throw error;
    });
    screen.close();
    if (ended.signal.aborted) {
      screen.line();
      screen.line(`  Goodbye. The data stay in ${nearest(dataDir)}.`);
    }
    return 0;
  } catch (error) {
    screen.close();
    if (options.json) process.stdout.write(errorLine(failureOf(error)));
    else process.stderr.write(`\n${explain(error, command)}\n`);
    return 1;
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}

function errorLine({ code, message, remedy }: Failure): string {
  return `${jsonText({ error: { code, message, remedy } })}\n`;
}

function explain(error: unknown, command: string): string {
  const { code, message, remedy } = error as {
    readonly code?: string;
    readonly message?: string;
    readonly remedy?: string;
  };
  if (remedy === undefined) return String(error);
  const option = { 'data-dir-locked': '--data DIR', 'port-in-use': '--port N' }[code ?? ''];
  const lines = [`${message}.`, remedy, option === undefined ? '' : `${command} ${option}`];
  return lines
    .filter((line) => line !== '')
    .map(printable)
    .join('\n');
}

function dataFolder(options: DemoOptions, root: string): string {
  return options.data === undefined ? join(root, '.data', 'demo') : resolve(here(), options.data);
}
