import { type Attempt, advance, isOpen } from '../domain/attempt.ts';
import type { Device } from '../domain/device.ts';
import type { NewEvent } from '../domain/event.ts';
import { endsOf, type Progress, silentAt } from '../domain/progress.ts';
import type { DeviceRecord, LogEntry, Now } from '../ports.ts';
import type { Fleet } from './fleet.ts';
import { recordKey } from './keys.ts';
import { bareEntry } from './noise.ts';
import type { Rollouts } from './rollouts.ts';
import { createSilence } from './silence.ts';

/** What becomes of attempts: they are counted for their rollouts, and those of which nothing is heard are silent in time. */
export interface Attempts {
  /** The attempt of a device was the one, and is the other. */
  changed(record: DeviceRecord | undefined, before: Attempt | undefined, after: Attempt | undefined): void;
  /** Looks at the devices whose time has come. */
  tick(): Promise<void>;
}

/** Says how attempts ended: to those who wait for events, and as entries for the log. */
export type TellEnds = (at: number, device: Device, ended: Progress['ended']) => LogEntry[];

/** Events are told before what they tell of is written, so that none is lost; see `Events.emit`. */
export function tellEnds(emit: (event: NewEvent) => void): TellEnds {
  return (at, device, ended) =>
    ended.map(([{ release, rollout, wave, to, code, detail }, state]) => {
      const reason = detail === '' ? undefined : detail;
      emit({
        type: `attempt.${state}`,
        project: device.project,
        data: {
          release,
          version: to,
          firmwareName: device.firmwareName,
          rollout,
          wave: rollout === undefined ? undefined : wave + 1,
          device: device.id,
          code: code === undefined ? undefined : String(code),
          reason,
        },
      });
      const entry = bareEntry(at, state, device, code ?? 0);
      return { ...entry, release, releaseVersion: to, detail: reason };
    });
}

/** Ticks are seconds apart: what is longer is a clock that jumped, or a machine that slept. */
const GAP_MS = 5 * 60_000;

export function createAttempts(ports: {
  readonly fleet: Pick<Fleet, 'records' | 'record' | 'settleAttempt'>;
  readonly rollouts: Pick<Rollouts, 'all' | 'count'>;
  readonly ends: TellEnds;
  readonly now: Now;
  readonly onProblem: (problem: unknown) => void;
}): Attempts {
  const { fleet, rollouts, ends, now, onProblem } = ports;
  const silence = createSilence();

  /** Since when devices could be heard without a gap: nobody is silent for a server that was off, or whose clock jumped. */
  let listeningSince = now();
  let tickedAt = now();

  const deadline = ({ lastSeenAt }: DeviceRecord, attempt: Attempt): number => {
    const { silentAfterMs } = rollouts.all().find(({ id }) => id === attempt.rollout) ?? {};
    return silentAt(attempt, Math.max(lastSeenAt, listeningSince), silentAfterMs);
  };

  const watch = (record: DeviceRecord): void => {
    const { project, id, firmwareName, attempt } = record;
    const key = recordKey(project, id, firmwareName);
    if (attempt !== undefined && isOpen(attempt)) silence.watch(key, deadline(record, attempt));
    else silence.forget(key);
  };

  const lookAt = async (key: string): Promise<void> => {
    const [project = '', id = '', firmwareName = ''] = key.split('\0');
    const record = fleet.record(project, id, firmwareName);
    if (record?.attempt === undefined || !isOpen(record.attempt)) return;
    // It may have been heard of since, with nothing new to tell.
    if (deadline(record, record.attempt) > now()) return watch(record);
    await fleet.settleAttempt(record, (before) => {
      if (before.attempt === undefined || deadline(before, before.attempt) > now()) return undefined;
      const advanced = advance(before.attempt, { type: 'unheard' }, now());
      if (advanced.entered.length === 0) return undefined;
      return { amendment: { attempt: advanced.attempt }, entries: ends(now(), before, endsOf(advanced)) };
    });
  };

  for (const record of fleet.records()) watch(record);

  return {
    changed(record, before, after) {
      rollouts.count(before, after);
      if (record !== undefined) watch(record);
    },

    async tick() {
      if (Math.abs(now() - tickedAt) > GAP_MS) listeningSince = now();
      tickedAt = now();
      const keys = silence.due(now());
      const looks = await Promise.allSettled(keys.map(lookAt));
      for (const [place, look] of looks.entries()) {
        if (look.status === 'fulfilled') continue;
        // Where it could not be written it is looked at again.
        silence.watch(keys[place] ?? '', now() + 1);
        onProblem(look.reason);
      }
    },
  };
}
