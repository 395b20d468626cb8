import type { Project } from '../domain/catalogue.ts';
import type { Access } from '../domain/device.ts';
import { FotaServerError } from '../domain/errors.ts';
import type { ProfileChange } from '../domain/profile.ts';
import type { DeviceName, Now } from '../ports.ts';
import type { DeviceQueries, DeviceQuery } from './device-queries.ts';
import type { Events } from './events.ts';
import type { Fleet } from './fleet.ts';
import type { KnownDevice } from './operator.ts';
import type { Profiles, Unchanged } from './profiles.ts';
import { releaseAll } from './retrying.ts';
import { sayWord } from './words.ts';

/** What is done to each device. */
export type BulkAction =
  | { readonly kind: 'access'; readonly access: Access }
  | { readonly kind: 'profile'; readonly change: ProfileChange }
  /** As `Operator.releaseDevice`. */
  | { readonly kind: 'release' }
  /** As `Operator.forgetDevice`. */
  | { readonly kind: 'forget' };

/** What is done to which devices of a project. */
export interface BulkChange {
  readonly wanted: DeviceQuery & { readonly project: string };
  readonly action: BulkAction;
}

/** What was done up to a place. */
export interface BulkPart {
  /** Devices that were dealt with, those included that could not be changed. */
  readonly done: number;
  readonly failed: readonly Unchanged[];
  /** Where the next part begins; `undefined`: all was done. */
  readonly cursor: string | undefined;
}

/**
 * Changes many devices. A change is done in parts, each from a place on, and doing a part again changes nothing more: what
 * was broken off is taken up where it was, or from the beginning.
 */
export interface Bulk {
  /** How many devices it would be, each counted once, and some of them. @throws FotaServerError `project-unknown`, `query-invalid` */
  preview(wanted: BulkChange['wanted']): Promise<{ readonly devices: number; readonly sample: readonly KnownDevice[] }>;
  /**
   * Durable once resolved. Where it rejects, those before are changed and those behind are not.
   * @throws FotaServerError `project-unknown`, `query-invalid`, `cursor-invalid`, `disk-full`, `data-dir-unusable`
   */
  apply(change: BulkChange, cursor: string | undefined): Promise<BulkPart>;
}

/** Devices that one commit writes. */
const AT_ONCE = 1_000;
/** Devices of one part: a second or two. */
const PART = 10_000;
const SAMPLE = 10;

export function createBulk(ports: {
  readonly queries: DeviceQueries;
  readonly fleet: Fleet;
  readonly profiles: Profiles;
  readonly events: Pick<Events, 'along'>;
  /** @throws FotaServerError `project-unknown` */
  readonly project: (name: string) => Project;
  readonly now: Now;
}): Bulk {
  const { queries, fleet, profiles, events, project, now } = ports;

  const applied = async (devices: readonly DeviceName[], action: BulkAction): Promise<readonly Unchanged[]> => {
    if (action.kind === 'profile') {
      return profiles.change(devices.map(({ project, id }) => ({ project, id, change: action.change })));
    }
    if (action.kind === 'access') await sayWord({ fleet, events, now }, devices, action.access);
    else if (action.kind === 'release') await releaseAll(fleet, devices, now);
    else {
      await profiles.forget(devices);
      await Promise.all(devices.map(({ project, id }) => fleet.forget({ project, id })));
    }
    return [];
  };

  return {
    async preview(wanted) {
      project(wanted.project);
      const { items } = await queries.list(wanted, { limit: SAMPLE, cursor: undefined });
      return { devices: await queries.count(wanted), sample: items };
    },

    async apply({ wanted, action }, cursor) {
      project(wanted.project);
      const failed: Unchanged[] = [];
      let place = cursor;
      let done = 0;
      let last: string | undefined;
      do {
        const page = await queries.list(wanted, { limit: AT_ONCE, cursor: place });
        // One item a firmware.
        const devices = page.items.filter(({ id }, at) => id !== (at === 0 ? last : page.items[at - 1]?.id));
        failed.push(...(await applied(devices, action)));
        done += devices.length;
        last = page.items.at(-1)?.id;
        place = page.cursor;
      } while (place !== undefined && done < PART);
      return { done, failed, cursor: place };
    },
  };
}

/** @throws FotaServerError `bulk-unexpected` */
export function checkExpected(found: number, expected: number | undefined): void {
  if (expected === undefined || found === expected) return;
  const message = `the query fits ${found} devices, and ${expected} were expected: nothing was changed`;
  throw new FotaServerError('bulk-unexpected', message);
}
