import { NO_PROFILE } from '../../domain/profile.ts';
import type { ProfileStore, StoredProfile } from '../../ports/profiles.ts';

/** What operators say of devices, in memory, for tests and simulations. */
export function memoryProfiles(): ProfileStore {
  const profiles = new Map<string, StoredProfile>();
  return {
    profiles: () => [...profiles.values()],
    async write(written) {
      for (const stored of written) {
        const key = `${stored.project}\0${stored.id}`;
        if (stored.profile === NO_PROFILE) profiles.delete(key);
        else profiles.set(key, stored);
      }
    },
  };
}
