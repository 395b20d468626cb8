/** What a rollout would do, with the devices that are known: the same decision as devices get, and nothing is touched. */
import { type Release, withdrawnRelease } from '../domain/catalogue.ts';
import type { Device } from '../domain/device.ts';
import { createTally, type Forecast, forecaster, type RolloutForecast } from '../domain/forecast.ts';
import type { Plan } from '../domain/plan.ts';
import type { Rollout, Target } from '../domain/rollout.ts';
import { type RolloutRequest, specOf } from '../domain/rollout-spec.ts';
import { type GroupQuery, targetTest } from '../domain/target.ts';
import type { DeviceRecord, Later, Now } from '../ports.ts';
import type { Catalogue } from './catalogue.ts';
import type { Fleet } from './fleet.ts';
import { inTurns } from './members.ts';
import type { Rollouts } from './rollouts.ts';

/** A rollout that is there, or one as it might be made. */
export type Planned = { readonly rollout: number } | { readonly request: RolloutRequest };

export interface PlanSummary extends RolloutForecast {
  readonly rollout: Rollout;
  readonly release: Release;
  /** Milliseconds since 1970: when it was looked at. */
  readonly at: number;
}

export interface PlannedDevice {
  readonly device: Device;
  readonly forecast: Forecast;
}

export interface PlannedFilter {
  /** Ids that begin so. */
  readonly idPrefix: string | undefined;
  /** Of those that come in by this wave, from 0. */
  readonly wave: number | undefined;
}

export interface Forecasts {
  /**
   * @throws FotaServerError `rollout-unknown`, `release-unknown`, `release-withdrawn`, `rollout-invalid`,
   *   `query-invalid`, `group-unknown`
   */
  planRollout(planned: Planned): Promise<PlanSummary>;
  /**
   * Devices of the firmware in the order in which they became known, from a place on; `next`: the place to go on from.
   * @throws as above
   */
  plannedDevices(
    planned: Planned,
    filter: PlannedFilter,
    from: number,
    limit: number,
  ): Promise<{ readonly items: readonly PlannedDevice[]; readonly next: number | undefined }>;
}

export function createForecasts(ports: {
  readonly catalogue: Pick<Catalogue, 'release'>;
  readonly rollouts: Pick<Rollouts, 'all' | 'rollout'>;
  readonly fleet: Pick<Fleet, 'records' | 'circumstances'>;
  readonly plan: (now: number) => Plan;
  readonly groupQuery: GroupQuery;
  /** @throws FotaServerError `query-invalid`, `group-unknown` */
  readonly checkTarget: (project: string, target: Target) => void;
  readonly now: Now;
  readonly later: Later;
}): Forecasts {
  const { catalogue, rollouts, fleet, plan, groupQuery, checkTarget, now, later } = ports;
  let last: Promise<unknown> = Promise.resolve();

  /** One at a time: they take what devices leave of this process. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };

  const supposed = (planned: Planned): { readonly rollout: Rollout; readonly release: Release } => {
    if ('rollout' in planned) {
      const rollout = rollouts.rollout(planned.rollout);
      return { rollout, release: catalogue.release(rollout.release) };
    }
    const release = catalogue.release(planned.request.release);
    if (release.state === 'withdrawn') throw withdrawnRelease(release);
    const spec = specOf(planned.request);
    checkTarget(release.project, spec.target);
    // Who is in which wave depends on its number: the one that it would get if it were made now.
    const id = Math.max(0, ...rollouts.all().map((one) => one.id)) + 1;
    const at = now();
    const { project, firmwareName } = release;
    const unbegun = { state: 'scheduled', wave: -1, waveOpenedAt: undefined, why: '', accepted: [] } as const;
    const times = { createdAt: at, startedAt: undefined, changedAt: at, endedAt: undefined };
    return { rollout: { ...spec, id, project, firmwareName, ...unbegun, ...times }, release };
  };

  const asking = (rollout: Rollout, release: Release, at: number): ((record: DeviceRecord) => Forecast | undefined) => {
    const isTarget = targetTest(rollout, groupQuery, () => undefined);
    const ask = forecaster({ rollout, release, isTarget }, plan(at));
    return (record) => {
      const isOurs = record.project === rollout.project && record.firmwareName === rollout.firmwareName;
      return isOurs ? ask(record, () => fleet.circumstances(record, record), at) : undefined;
    };
  };

  return {
    planRollout: (planned) =>
      inTurn(async () => {
        const at = now();
        const { rollout, release } = supposed(planned);
        const ask = asking(rollout, release, at);
        const tally = createTally(rollout);
        for await (const some of inTurns(fleet, later)) {
          for (const record of some) {
            const forecast = ask(record);
            if (forecast !== undefined) tally.add(forecast);
          }
        }
        return { ...tally.sum(at, plan(at).policy.limits), rollout, release, at };
      }),

    plannedDevices: (planned, { idPrefix = '', wave }, from, limit) =>
      inTurn(async () => {
        const { rollout, release } = supposed(planned);
        const ask = asking(rollout, release, now());
        const looked = (record: DeviceRecord): readonly PlannedDevice[] => {
          const forecast = record.id.startsWith(idPrefix) ? ask(record) : undefined;
          const isWanted = wave === undefined || (forecast?.gets === true && forecast.wave === wave);
          return forecast !== undefined && isWanted ? [{ device: record, forecast }] : [];
        };
        const items: PlannedDevice[] = [];
        let place = 0;
        for await (const some of inTurns(fleet, later)) {
          for (const record of some) {
            place += 1;
            if (place > from) items.push(...looked(record));
            if (items.length === limit) return { items, next: place };
          }
        }
        return { items, next: undefined };
      }),
  };
}
