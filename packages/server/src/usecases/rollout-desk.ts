/** What an operator does with rollouts, and sees of them. */
import { compareVersions } from '@libfota2/protocol';
import { type Standing, standingOf } from '../domain/attempt.ts';
import { type Release, withdrawnRelease } from '../domain/catalogue.ts';
import { FotaServerError } from '../domain/errors.ts';
import { decidesOn } from '../domain/plan.ts';
import type { Rollout, WaveCounts } from '../domain/rollout.ts';
import { type Next, nextOf } from '../domain/rollout-next.ts';
import { type RolloutRequest, specOf } from '../domain/rollout-spec.ts';
import { aborted, type Changed, paused, resumed, skipped } from '../domain/rollout-steps.ts';
import type { AttemptFilter, AttemptStore, Stop } from '../ports/rollouts.ts';
import type { DeviceRecord, Now, Page, PageRequest, StoredAttempt } from '../ports.ts';
import type { Catalogue } from './catalogue.ts';
import type { Fleet } from './fleet.ts';
import type { Forecasts } from './forecasts.ts';
import { retryAll } from './retrying.ts';
import type { Rollouts } from './rollouts.ts';

export interface RolloutFilter {
  readonly project: string | undefined;
  readonly release: number | undefined;
  readonly state: Rollout['state'] | undefined;
}

/** A rollout, and how its devices stand. */
export interface RolloutProgress {
  readonly rollout: Rollout;
  readonly release: Release;
  /** Of each wave, from the first. */
  readonly counts: readonly WaveCounts[];
  readonly next: Next;
}

export interface RolloutDesk extends Forecasts {
  /** The newest first. */
  rollouts(filter: RolloutFilter): readonly RolloutProgress[];
  /** @throws FotaServerError `rollout-unknown` */
  rollout(id: number): RolloutProgress;
  /**
   * Rolls a release out; a draft is published with it. Durable once resolved.
   * @throws FotaServerError `release-unknown`, `release-withdrawn`, `rollout-invalid`, `query-invalid`, `group-unknown`,
   *   `disk-full`, `data-dir-unusable`
   */
  createRollout(request: RolloutRequest): Promise<RolloutProgress>;
  /** Offers nothing more until it is resumed. @throws FotaServerError `rollout-unknown`, `rollout-state` */
  pauseRollout(id: number, why?: string): Promise<RolloutProgress>;
  /** Goes on, and accepts what went wrong until now. @throws FotaServerError `rollout-unknown`, `rollout-state` */
  resumeRollout(id: number): Promise<RolloutProgress>;
  /** Opens the next wave now. @throws FotaServerError `rollout-unknown`, `rollout-state` */
  skipWave(id: number): Promise<RolloutProgress>;
  /** Never offers again. @throws FotaServerError `rollout-unknown`, `rollout-state` */
  abortRollout(id: number, why?: string): Promise<RolloutProgress>;
  /**
   * Lets the devices that failed, fell back or fell silent try again. Resolves to how many those were.
   * @throws FotaServerError `rollout-unknown`, `rollout-state`
   */
  retryRollout(id: number): Promise<number>;
  /**
   * Aborts a rollout and takes its devices back to another release, by default the highest below: resolves to the rollout
   * that does so. @throws FotaServerError `rollout-unknown`, `rollout-invalid`, `release-unknown`
   */
  rollBack(id: number, to?: number): Promise<RolloutProgress>;
  /** Attempts as they are stored. @throws FotaServerError `cursor-invalid` */
  attempts(filter: AttemptFilter, page: PageRequest): Promise<Page<StoredAttempt>>;
  stop(): Stop;
  /** Halts every offer, and every resume, at once; or lets them go on. */
  setStop(isOn: boolean, why?: string): Promise<Stop>;
}

const WHY_LIMIT = 500;
/** How devices stand that may be let try again. */
const BAD: readonly Standing[] = ['failed', 'rolled-back', 'silent'];

export function createRolloutDesk(ports: {
  readonly catalogue: Pick<Catalogue, 'release' | 'releases' | 'publishWith'>;
  readonly rollouts: Rollouts;
  readonly fleet: Pick<Fleet, 'records' | 'settleAttempt' | 'settle'>;
  readonly store: AttemptStore;
  /** @throws FotaServerError `query-invalid`, `group-unknown` */
  readonly checkTarget: (project: string, target: Rollout['target']) => void;
  readonly forecasts: Forecasts;
  readonly now: Now;
}): RolloutDesk {
  const { catalogue, rollouts, fleet, store, checkTarget, now } = ports;

  const progress = (rollout: Rollout): RolloutProgress => {
    const counts = rollouts.counts(rollout.id);
    const release = catalogue.release(rollout.release);
    const halted = { isStopped: rollouts.stop().isOn, isWithdrawn: release.state === 'withdrawn' };
    return {
      rollout,
      release,
      counts,
      next: nextOf(rollout, counts, halted, now(), rollouts.outlook(rollout.id).toCome),
    };
  };

  const change = async (id: number, step: Parameters<Rollouts['change']>[1]): Promise<RolloutProgress> =>
    progress(await rollouts.change(id, step));

  const create = async (request: RolloutRequest): Promise<RolloutProgress> => {
    const release = catalogue.release(request.release);
    const { project, firmwareName, state, id } = release;
    if (state === 'withdrawn') throw withdrawnRelease(release);
    const spec = specOf(request);
    checkTarget(project, spec.target);
    // In one write: a release without a rollout is for all, and a rollout without its release for nobody.
    const rollout = await catalogue.publishWith(id, (draft, at) => {
      const unbegun = { state: 'scheduled', wave: -1, waveOpenedAt: undefined, why: '', accepted: [] } as const;
      const times = { createdAt: at, startedAt: undefined, changedAt: at, endedAt: undefined };
      return rollouts.add({ ...spec, project, firmwareName, ...unbegun, ...times }, draft);
    });
    return progress(rollouts.rollout(rollout.id));
  };

  /** The highest release below, but for those of which all rollouts were aborted. */
  const below = ({ project, firmwareName, wireVersion }: Release): Release => {
    const isAborted = (release: Release): boolean => {
      const { id } = release;
      const ofIt = rollouts.all().filter((one) => one.release === id && decidesOn(one, release));
      return ofIt.length > 0 && ofIt.every(({ state }) => state === 'aborted');
    };
    const [highest] = catalogue
      .releases({ project, firmwareName, state: 'published' })
      .filter((one) => compareVersions(one.wireVersion, wireVersion) < 0 && !isAborted(one))
      .sort((a, b) => compareVersions(b.wireVersion, a.wireVersion));
    if (highest !== undefined) return highest;
    throw new FotaServerError(
      'rollout-invalid',
      `nothing below ${wireVersion} is on offer: publish it, or name a release`,
    );
  };

  return {
    ...ports.forecasts,

    rollouts: ({ project, release, state }) =>
      rollouts
        .all()
        .filter(
          (one) =>
            (project === undefined || one.project === project) &&
            (release === undefined || one.release === release) &&
            (state === undefined || one.state === state),
        )
        .reverse()
        .map(progress),

    rollout: (id) => progress(rollouts.rollout(id)),
    createRollout: create,
    pauseRollout: (id, why = '') =>
      change(id, (rollout, _counts, at) => paused(rollout, reason(why, 'the operator paused it'), at)),
    resumeRollout: (id) => change(id, resumed),
    skipWave: (id) => change(id, (rollout, _counts, at) => skipped(rollout, at)),
    abortRollout: (id, why = '') =>
      change(id, (rollout, _counts, at) => aborted(rollout, reason(why, 'the operator aborted it'), at)),

    async retryRollout(id) {
      const { state } = rollouts.rollout(id);
      if (state === 'aborted')
        throw new FotaServerError('rollout-state', `rollout ${id} was aborted: it offers nothing`);
      const isWanted = ({ attempt }: DeviceRecord): boolean =>
        attempt?.rollout === id && BAD.includes(standingOf(attempt));
      return retryAll(fleet, [...fleet.records()].filter(isWanted), now, isWanted);
    },

    async rollBack(id, to) {
      const before = rollouts.rollout(id);
      const bad = catalogue.release(before.release);
      const good = to === undefined ? below(bad) : catalogue.release(to);
      if (good.project !== bad.project || good.firmwareName !== bad.firmwareName || good.id === bad.id) {
        throw new FotaServerError('rollout-invalid', `release ${good.id} is no other release of the same firmware`);
      }
      if (good.state !== 'published') {
        throw new FotaServerError(
          'rollout-invalid',
          `release ${good.id} is a ${good.state === 'draft' ? 'draft' : 'withdrawn one'}: nothing was changed`,
        );
      }
      const why = `rolled back to ${good.version}`;
      if (before.state !== 'aborted')
        await rollouts.change(id, (rollout, _counts, at): Changed => aborted(rollout, why, at));
      return create({
        release: good.id,
        target: { kind: 'query', query: `version = ${bad.wireVersion}` },
        waves: [{ percent: 100 }],
        soakMs: 0,
        mayDowngrade: true,
      });
    },

    async attempts(filter, page) {
      // Attempts can also be read while nothing can be written.
      await fleet.settle().catch(() => undefined);
      return store.attempts(filter, page);
    },

    stop: () => rollouts.stop(),

    async setStop(isOn, why = '') {
      await rollouts.setStop({ isOn, why: isOn ? reason(why, '') : '', at: now() });
      return rollouts.stop();
    },
  };
}

function reason(why: string, otherwise: string): string {
  return why.trim() === '' ? otherwise : why.trim().slice(0, WHY_LIMIT);
}
