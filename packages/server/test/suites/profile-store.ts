import fc from 'fast-check';
import { expect, it } from 'vitest';
import { changedProfile, NO_PROFILE, type Profile } from '../../src/domain/profile.ts';
import type { ProfileStore, StoredProfile } from '../../src/ports/profiles.ts';

/** A store, and the same opened again as after a restart. */
export interface ProfilesUnderTest {
  readonly store: ProfileStore;
  reopened(): Promise<ProfileStore>;
}

async function all(store: ProfileStore): Promise<StoredProfile[]> {
  const found: StoredProfile[] = [];
  for await (const stored of store.profiles()) found.push(stored);
  return found.sort((a, b) => (`${a.project}\0${a.id}` < `${b.project}\0${b.id}` ? -1 : 1));
}

/** What every `ProfileStore` owes to the use cases. */
export function testProfileStore(make: () => Promise<ProfilesUnderTest>): void {
  it('what is said comes back as it was said last, and what is said no more does not', async () => {
    const { store, reopened } = await make();
    const pinned: Profile = {
      labels: ['beta', '北京'],
      note: '一号泵,\n"left"',
      pin: { version: '1.4', mayDowngrade: true },
    };
    const noted = changedProfile(NO_PROFILE, { note: ' ' });
    const held = changedProfile(NO_PROFILE, { pin: { version: '2', mayDowngrade: false } });
    const first = { project: 'p', id: 'a', profile: pinned };
    await store.write([first, { project: 'p', id: 'b', profile: noted }, { project: 'q', id: 'a', profile: noted }]);
    await store.write([
      { project: 'p', id: 'b', profile: NO_PROFILE },
      { project: 'q', id: 'a', profile: held },
    ]);
    await store.write([{ project: 'p', id: 'never', profile: NO_PROFILE }]);
    const kept = [first, { project: 'q', id: 'a', profile: held }];
    expect(await all(store)).toEqual(kept);
    expect(await all(await reopened())).toEqual(kept);
  });

  it('any profile comes back as it was', async () => {
    const { store, reopened } = await make();
    const label = fc.stringMatching(/^[^\p{C}\p{Z}\s,"'“”‘’]{1,16}$/u);
    const profiles = fc.record({
      labels: fc.uniqueArray(label, { maxLength: 5 }),
      note: fc.stringMatching(/^[\P{C}\t\n\r]{1,20}$/u),
      pin: fc.option(fc.record({ version: fc.constantFrom('1', '1.4.0'), mayDowngrade: fc.boolean() })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(profiles, { maxLength: 5 }), async (changes) => {
        const written = changes.map((change, i) => ({
          project: 'p',
          id: `${i}`,
          profile: changedProfile(NO_PROFILE, change),
        }));
        await store.write(written);
        expect((await all(store)).filter(({ id }) => Number(id) < written.length)).toEqual(written);
      }),
      { numRuns: 20 },
    );
    expect(await all(await reopened())).toEqual(await all(store));
  });
}
