import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Outcome, UpgradeOptions } from 'libfota2';
import { CommandError, EXIT } from '../failure.ts';
import type { Out } from '../output/out.ts';
import { bold, dim, green, red, yellow } from '../output/text.ts';
import { bytes } from '../output/words.ts';
import { examples, type Invocation, integer, jsonOption } from './command.ts';

interface Options {
  readonly id?: string;
  readonly key?: string;
  readonly firmware?: string;
  readonly version?: string;
  readonly core?: string;
  readonly hardware?: string;
  readonly output?: string;
  readonly dir?: string;
  readonly timeout?: number;
  readonly ca?: string;
  readonly trust?: string;
}

const EXIT_CODES = `
Exit codes, as the callback of libfota2:
  0  success                   1  connection failed     2  URL wrong
  3  server disconnected       4  every other answer, "no upgrade" included
  5  the IoT platform needs a product key and a version of the form xxx.yyy.zzz
  64  this command was called in a wrong way             130  interrupted; what came is kept`;

/** `fota upgrade`: acts as a device, with the library that devices run. */
export function addUpgrade(program: Command, invocation: Invocation): void {
  const command = jsonOption(program.command('upgrade')).description('act as a device: ask for an upgrade and take it');
  command
    .argument('<url>', 'what the device asks, such as http://127.0.0.1:8266/upgrade')
    .option('--id <id>', 'the device (default: a network card of this machine)')
    .option('--key <key>', 'key of the project')
    .option('--firmware <name>', 'what is asked for')
    .option('--version <version>', 'what the device runs now')
    .option('--core <core>', 'the core that it runs, such as V2012; begins the version on the wire')
    .option('--hardware <name>', 'what its hardware is called; with --trust, held against the signature')
    .option('-o, --output <file>', 'where the image goes (default: update.bin in --dir)')
    .option('--dir <dir>', 'folder of update.bin and its notes (default: .)')
    .option('--ca <file>', "PEM file of the authority that signed the server's certificate (default: the system's)")
    .option('--trust <file>', 'key ring of the project: takes nothing that is not signed for --firmware')
    .option('--timeout <seconds>', 'for the whole transfer', integer(1, 2_000_000), 300)
    .action((url: string, options: Options) => upgrade(invocation, url, options));
  command.addHelpText('after', EXIT_CODES);
  examples(
    command,
    'fota upgrade http://127.0.0.1:8266/upgrade --id my-device --key KEY --firmware station --version 1.0.0',
    'fota upgrade http://127.0.0.1:8266/upgrade --id my-device --version 1.0.0 --core V2012 -o new.bin',
    'fota upgrade http://example.com/upgrade --firmware tracker --version 1.0.0 --trust tracker.ring',
    'fota upgrade http://example.com/upgrade --json | jq .reason',
  );
}

async function upgrade({ out, world, signal, exitWith }: Invocation, url: string, options: Options): Promise<void> {
  if (options.trust !== undefined && !options.firmware) {
    throw new CommandError('usage', '--trust needs --firmware: without it any firmware of the project would be taken', {
      exitCode: EXIT.upgradeUsage,
    });
  }
  const { createFota } = await import('libfota2');
  const output = options.output === undefined ? undefined : resolve(world.cwd, options.output);
  // The library's own place, so that an interrupted transfer goes on when the command is run again.
  const dir = output === undefined ? resolve(world.cwd, options.dir ?? '.') : `${output}.fota`;
  // Where this fails, the library says why, with a number.
  await mkdir(dir, { recursive: true }).catch(() => undefined);
  const progress = out.progress('upgrade');
  let outcome: Outcome;
  try {
    const trust = options.trust && (await textOf(resolve(world.cwd, options.trust)));
    const fota = createFota({ dir, core: options.core, hardware: options.hardware, trust });
    outcome = await fota.upgrade({
      ...questionOf(url, options),
      ca: options.ca && (await textOf(resolve(world.cwd, options.ca))),
      signal: signal(),
      onProgress: ({ bytes: done, total }) => progress.at(done, total),
    });
  } catch (error) {
    if (!signal().aborted) throw error;
    throw new CommandError('interrupted', 'interrupted; what came is kept for the next run', {
      exitCode: EXIT.interrupted,
    });
  } finally {
    progress.end();
  }
  const told = output === undefined ? outcome : await moved(outcome, output, dir, options.trust !== undefined);
  out.result(documentOf(told), () => show(out, told));
  exitWith(told.result);
}

function questionOf(url: string, options: Options): UpgradeOptions {
  const { id: imei, key: productKey, firmware: firmwareName, version, timeout = 300 } = options;
  return { url, imei, productKey, firmwareName, version, timeoutMs: timeout * 1000 };
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error) => {
    throw new CommandError('file-unreadable', `${path} cannot be read: ${error.message}`, {
      exitCode: EXIT.upgradeUsage,
    });
  });
}

/** The image at the place that was asked for, and the library's folder gone with its notes, but for what is trusted. */
async function moved(outcome: Outcome, output: string, dir: string, isTrusting: boolean): Promise<Outcome> {
  if (outcome.kind === 'failed') return outcome;
  if (outcome.kind === 'downloaded') {
    await mkdir(dirname(output), { recursive: true });
    await rename(join(dir, 'update.bin'), output);
  }
  if (!(isTrusting || (await isTrusted(dir)))) await rm(dir, { recursive: true, force: true });
  return outcome.kind === 'downloaded' ? { ...outcome, file: output } : outcome;
}

/** Whether ring and floor of runs with --trust lie there: who forgot them would be open to what they shut out. */
async function isTrusted(dir: string): Promise<boolean> {
  const names = await readdir(dir).catch(() => []);
  return names.some((name) => name.startsWith('update.bin.trust.'));
}

/** An outcome as JSON: all of it but the error object, whose code and message it has already. */
function documentOf(outcome: Outcome): object {
  if (outcome.kind !== 'failed') return outcome;
  const { error: _, ...told } = outcome;
  return told;
}

function show(out: Out, outcome: Outcome): void {
  const { keyRing } = outcome;
  if (keyRing?.updated) out.line(green('key ring'), `  updated to number ${keyRing.serial}`);
  if (keyRing?.refused !== undefined) out.line(yellow('key ring'), `  stays at ${keyRing.serial}: ${keyRing.refused}`);
  if (outcome.kind === 'downloaded') {
    const { file, size, sha256, resumedFrom, attempts, manifest } = outcome;
    out.line(bold(green('0')), `  success: ${file} is whole and verified`);
    out.facts([
      ['size', `${bytes(size)} (${size})`],
      ['sha256', sha256],
      ['signed', manifest && `${manifest.firmwareName} ${manifest.version} of ${manifest.project}`],
      ['requests', `${attempts}${resumedFrom > 0 ? `, from byte ${resumedFrom} on` : ''}`],
    ]);
    return;
  }
  const color = outcome.kind === 'no-upgrade' ? yellow : red;
  out.line(bold(color(String(outcome.result))), `  ${outcome.message}`);
  const reason = outcome.kind === 'no-upgrade' ? outcome.reason : outcome.code;
  out.line(dim(`${outcome.kind === 'no-upgrade' ? 'reason' : 'code'}: ${reason}`));
}
