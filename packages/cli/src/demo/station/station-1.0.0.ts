/**
 * The sample application, release 1.0.0: a weather station for the machine that it runs on. This file, compiled, is its
 * firmware. It reads, prints, and lets itself be upgraded.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RESULT, upgrade } from 'libfota2';
import type { DeviceFile, Message } from '../device.ts';

const VERSION = '1.0.0';
const RESTART = 75;

/** To whoever started this device; to the terminal if that was a person. */
function tell(message: Message): void {
  if (process.send) process.send(message);
  else process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Milliseconds that all processors were busy, and in all, since the machine started. */
function processorTimes(): { readonly busy: number; readonly all: number } {
  const times = cpus().map(({ times: { user, nice, sys, irq, idle } }) => [user + nice + sys + irq, idle] as const);
  const busy = times.reduce((sum, [used]) => sum + used, 0);
  return { busy, all: busy + times.reduce((sum, [, idle]) => sum + idle, 0) };
}

function temperature(): string {
  try {
    const zones = readdirSync('/sys/class/thermal').filter((name) => name.startsWith('thermal_zone'));
    const degrees = zones.map((zone) => Number(readFileSync(`/sys/class/thermal/${zone}/temp`, 'utf8')) / 1000);
    return degrees.length === 0 ? '' : ` · ${Math.max(...degrees).toFixed(0)} °C`;
  } catch {
    return '';
  }
}

const before = processorTimes();
await sleep(200);
const after = processorTimes();
const load = (100 * (after.busy - before.busy)) / Math.max(1, after.all - before.all);
const memory = 100 * (1 - freemem() / totalmem());
tell({ reading: `processor ${load.toFixed(0)} %${temperature()} · memory ${memory.toFixed(0)} %`, version: VERSION });

const device = JSON.parse(readFileSync('device.json', 'utf8')) as DeviceFile;
const outcome = await upgrade({
  url: device.url,
  productKey: device.project_key,
  firmwareName: 'station',
  version: VERSION,
  imei: device.imei,
  onProgress: ({ bytes, total }) => tell({ bytes, total }),
});
const meaning =
  outcome.kind === 'downloaded'
    ? `success: ${basename(outcome.file)} is whole and verified, sha256 ${outcome.sha256.slice(0, 12)}…`
    : outcome.message;
tell({ result: outcome.result, meaning });
if (outcome.result === RESULT.success) process.exitCode = RESTART;
