import type { Profile } from '../domain/profile.ts';

/** What an operator says of one device. */
export interface StoredProfile {
  readonly project: string;
  readonly id: string;
  readonly profile: Profile;
}

/** What operators say of devices. */
export interface ProfileStore {
  /** All of them, once, at the start. */
  profiles(): Iterable<StoredProfile> | AsyncIterable<StoredProfile>;
  /**
   * All of them or none, in the place of what was said of these devices; `NO_PROFILE` forgets. Durable, also against a
   * power cut, when the promise resolves.
   * @throws FotaServerError `disk-full`, `data-dir-unusable`
   */
  write(profiles: readonly StoredProfile[]): Promise<void>;
}
