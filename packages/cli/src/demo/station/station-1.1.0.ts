/**
 * The sample application, release 1.1.0. New: a history of the load, and from it how long a task has to wait, looked up in
 * a table of queueing theory that comes with the firmware.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'libfota2';
import type { DeviceFile, Message } from '../device.ts';

const VERSION = '1.1.0';
/** Put in when the release is made: mean waits by processors and load, see `waitTable` in ../releases.ts. */
const WAITS = Buffer.from('@WAITS@', 'base64');
const PROCESSORS = 128;
const LOADS = 4096;

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

/** Loads from 0 to 1, one every 60 ms. */
async function history(count: number): Promise<readonly number[]> {
  const loads: number[] = [];
  for (let before = processorTimes(); loads.length < count; ) {
    await sleep(60);
    const after = processorTimes();
    loads.push(Math.min(1, (after.busy - before.busy) / Math.max(1, after.all - before.all)));
    before = after;
  }
  return loads;
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

/** How long a task waits for a processor, in parts of its own run time. */
function wait(load: number): number {
  const row = Math.min(cpus().length, PROCESSORS) - 1;
  return WAITS.readFloatLE(4 * (row * LOADS + Math.floor(load * (LOADS - 1))));
}

const loads = await history(12);
const load = loads.reduce((sum, one) => sum + one, 0) / loads.length;
const curve = loads.map((one) => '▁▂▃▄▅▆▇█'[Math.floor(one * 7.99)]).join('');
const memory = 100 * (1 - freemem() / totalmem());
const reading = `processor ${(100 * load).toFixed(0)} % ${curve}${temperature()} · memory ${memory.toFixed(0)} %`;
tell({ reading: `${reading} · tasks wait ${(100 * wait(load)).toFixed(0)} % longer`, version: VERSION });

const { url, project_key, imei } = JSON.parse(readFileSync('device.json', 'utf8')) as DeviceFile;
request(
  (result, outcome) => {
    const meaning =
      outcome.kind === 'no-upgrade'
        ? `no upgrade: ${outcome.reason === 'newest' ? 'this is the newest already' : outcome.message}`
        : outcome.message;
    tell({ result, meaning });
  },
  { url, project_key, firmware_name: 'station', version: VERSION, imei },
);
