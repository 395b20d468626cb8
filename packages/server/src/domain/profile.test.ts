import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedProfile, NO_PROFILE, type Profile, type ProfileChange } from './profile.ts';

const SAID: Profile = {
  labels: ['alpha', 'beta'],
  note: 'on the roof',
  pin: { version: '1.4.0', mayDowngrade: false },
};

describe('a change of what is said of a device', () => {
  it('keeps what it leaves out', () => {
    expect(changedProfile(SAID, { note: 'in the cellar' })).toEqual({ ...SAID, note: 'in the cellar' });
    expect(changedProfile(SAID, { pin: { version: '2', mayDowngrade: true } })).toEqual({
      ...SAID,
      pin: { version: '2', mayDowngrade: true },
    });
    expect(changedProfile(SAID, { pin: null })).toEqual({ ...SAID, pin: undefined });
  });

  it('removes, adds or exchanges labels, each once and in the order of their letters', () => {
    expect(
      changedProfile(SAID, { addLabels: ['zulu', 'beta', '北京'], removeLabels: ['alpha', 'gone'] }).labels,
    ).toEqual(['beta', 'zulu', '北京']);
    expect(changedProfile(SAID, { labels: ['x', 'x'], addLabels: ['a'] }).labels).toEqual(['a', 'x']);
  });

  it('that changes nothing gives the very same', () => {
    const changes: ProfileChange[] = [
      {},
      { addLabels: ['beta'] },
      { note: 'on the roof' },
      { labels: ['beta', 'alpha'] },
    ];
    for (const change of [...changes, { pin: { version: '1.4.0', mayDowngrade: false } }]) {
      expect(changedProfile(SAID, change)).toBe(SAID);
    }
    expect(changedProfile(SAID, { labels: [], note: '', pin: null })).toBe(NO_PROFILE);
  });

  it.each([
    [{ addLabels: [''] }, 'label-invalid'],
    [{ addLabels: ['two words'] }, 'label-invalid'],
    [{ addLabels: ['a,b'] }, 'label-invalid'],
    [{ addLabels: ["it's"] }, 'label-invalid'],
    [{ labels: ['\u200b'] }, 'label-invalid'],
    [{ labels: ['x'.repeat(65)] }, 'label-invalid'],
    [{ addLabels: Array.from({ length: 31 }, (_, i) => `l${i}`) }, 'labels-too-many'],
    [{ note: 'x'.repeat(2_001) }, 'note-invalid'],
    [{ note: '\u001b[2J' }, 'note-invalid'],
    [{ pin: { version: '1.x', mayDowngrade: false } }, 'version-invalid'],
  ])('%j is refused as %s', (change, code) => {
    expect(() => changedProfile(SAID, change)).toThrow(expect.objectContaining({ code }));
  });

  it('of labels is undone by its reverse, where it adds what was not there', () => {
    const labels = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 10 });
    fc.assert(
      fc.property(labels, labels, (had, added) => {
        const before = changedProfile(NO_PROFILE, { labels: had });
        const news = added.filter((label) => !had.includes(label));
        const after = changedProfile(before, { addLabels: news });
        expect(changedProfile(after, { removeLabels: news })).toEqual(before);
      }),
    );
  });
});
