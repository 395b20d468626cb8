import type { Device } from '../domain/decide.ts';
import type { Later, LogEntry, LogEvent } from '../ports.ts';
import { deviceKey } from './keys.ts';

/**
 * What anybody can cause who knows nothing of ours: requests that cannot be read, devices that are not registered. The
 * operator learns of it, but not once for each: the first of a kind is noted at once, the rest of its minute as a number.
 */
export interface Noise {
  heard(entry: LogEntry): void;
  /** The entry of a device that is known, if it has not had enough this minute; else `undefined`: it is counted. */
  unlessTooMuch(entry: LogEntry): LogEntry | undefined;
  /** Notes the numbers of the minute that has begun. */
  flush(): void;
}

/** Kinds that are told apart within a minute; what is beyond is counted together. */
const KINDS = 20;
const MINUTE_MS = 60_000;
/** Entries of one device within a minute: a question, a package and a restart are three or four. */
const ENTRIES_A_DEVICE = 10;
/** Devices that are counted one by one within a minute. */
const COUNTED_DEVICES = 100_000;

/** An entry of which nothing more is known. */
export function bareEntry(at: number, event: LogEvent, device: Device, code: number): LogEntry {
  const nothing = {
    rule: undefined,
    release: undefined,
    releaseVersion: undefined,
    bytes: undefined,
    detail: undefined,
  };
  return { at, event, device, code, ...nothing };
}

export function createNoise(ports: { readonly note: (entry: LogEntry) => void; readonly later: Later }): Noise {
  const { note, later } = ports;
  /** Of each kind the last entry, and how many came after the first. */
  const more = new Map<string, { readonly entry: LogEntry; readonly count: number }>();
  const perDevice = new Map<string, number>();
  let timer: { cancel(): void } | undefined;

  const flush = (): void => {
    timer?.cancel();
    timer = undefined;
    for (const { entry, count } of more.values()) {
      if (count > 0)
        note({ ...entry, detail: [entry.detail, `${count} more within a minute`].filter(Boolean).join('; ') });
    }
    more.clear();
    perDevice.clear();
  };

  const heard: Noise['heard'] = (entry) => {
    const { event, device, rule, code } = entry;
    const kind = [event, rule, code, device.project, device.firmwareName.slice(0, 128)].join('\0');
    const key = more.has(kind) || more.size < KINDS ? kind : '';
    const known = more.get(key);
    if (known === undefined) note(entry);
    more.set(key, { entry, count: known === undefined ? 0 : known.count + 1 });
    timer ??= later(MINUTE_MS, flush);
  };

  return {
    heard,
    unlessTooMuch(entry) {
      const key = deviceKey(entry.device);
      const count = (perDevice.get(key) ?? 0) + 1;
      if (count > 1 || perDevice.size < COUNTED_DEVICES) perDevice.set(key, count);
      timer ??= later(MINUTE_MS, flush);
      if (count <= ENTRIES_A_DEVICE) return entry;
      heard(entry);
      return undefined;
    },
    flush,
  };
}
