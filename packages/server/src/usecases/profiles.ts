import { FotaServerError } from '../domain/errors.ts';
import { changedProfile, NO_PROFILE, type Profile, type ProfileChange } from '../domain/profile.ts';
import type { ProfileStore, StoredProfile } from '../ports/profiles.ts';
import type { DeviceName } from '../ports.ts';
import { deviceKey } from './keys.ts';
import { sortedKeys } from './sorted-keys.ts';

/** A change of what is said of one device. */
export interface DeviceChange extends DeviceName {
  readonly change: ProfileChange;
}

/** A device that could not be changed as it was asked for; the others were. */
export interface Unchanged extends DeviceName {
  readonly error: FotaServerError;
}

/**
 * What operators say of devices, in memory, for every decision looks at it. A device need not have asked yet. Whatever is
 * changed is durable before anybody hears of it, a decision included.
 */
export interface Profiles {
  /** `NO_PROFILE` of most devices. */
  profile(project: string, id: string): Profile;
  /** Keys of devices of which something is said, as `deviceKey` makes them: at most so many, in their order from a text on. */
  keysFrom(text: string, most: number): readonly string[];
  /**
   * Durable once resolved. Tells which devices could not be changed, and why; where the change cannot be written it rejects,
   * and no device is changed.
   * @throws FotaServerError `disk-full`, `data-dir-unusable`
   */
  change(changes: readonly DeviceChange[]): Promise<readonly Unchanged[]>;
  /** Nothing is said of these devices any more. Durable once resolved. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  forget(devices: readonly DeviceName[]): Promise<void>;
}

/** Loads what was said. */
export async function openProfiles(store: ProfileStore): Promise<Profiles> {
  const projects = new Map<string, Map<string, Profile>>();
  const keys = sortedKeys();
  let last: Promise<unknown> = Promise.resolve();

  /** One change at a time: each begins with what the one before has left. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };

  const profileOf = (project: string, id: string): Profile => projects.get(project)?.get(id) ?? NO_PROFILE;

  const keep = ({ project, id, profile }: StoredProfile): void => {
    const devices = projects.get(project) ?? new Map<string, Profile>();
    projects.set(project, devices);
    if (profile === NO_PROFILE) {
      devices.delete(id);
      keys.delete(deviceKey({ project, id }));
    } else {
      devices.set(id, profile);
      keys.add(deviceKey({ project, id }));
    }
  };

  const write = async (profiles: readonly StoredProfile[]): Promise<void> => {
    const news = profiles.filter(({ project, id, profile }) => profile !== profileOf(project, id));
    if (news.length === 0) return;
    await store.write(news);
    news.forEach(keep);
  };

  for await (const stored of store.profiles()) keep(stored);

  return {
    profile: profileOf,
    keysFrom: keys.from,

    change: (changes) =>
      inTurn(async () => {
        const unchanged: Unchanged[] = [];
        // A device may come twice.
        const after = new Map<string, StoredProfile>();
        for (const { project, id, change } of changes) {
          const key = deviceKey({ project, id });
          const before = after.get(key)?.profile ?? profileOf(project, id);
          try {
            after.set(key, { project, id, profile: changedProfile(before, change) });
          } catch (error) {
            if (!(error instanceof FotaServerError)) throw error;
            unchanged.push({ project, id, error });
          }
        }
        await write([...after.values()]);
        return unchanged;
      }),

    forget: (devices) => inTurn(() => write(devices.map(({ project, id }) => ({ project, id, profile: NO_PROFILE })))),
  };
}
