import { describe, expect, it } from 'vitest';
import { worldOf } from '../../test/suites/world.ts';
import { memoryProfiles } from '../adapters/memory/profiles.ts';
import { FotaServerError } from '../domain/errors.ts';
import { NO_PROFILE } from '../domain/profile.ts';
import type { ProfileStore } from '../ports/profiles.ts';
import { openProfiles } from './profiles.ts';

const DEVICE = { project: 'p', id: '867' };

describe('what operators say of devices', () => {
  it('is there after a restart, and of most devices it is nothing', async () => {
    const world = await worldOf();
    await world.operator.changeProfile('p', '867', { addLabels: ['beta'], note: 'roof' });
    const { profiles } = await world.restarted();
    expect(profiles.profile('p', '867')).toEqual({ labels: ['beta'], note: 'roof', pin: undefined });
    expect(profiles.profile('p', '868')).toBe(NO_PROFILE);
    expect(profiles.profile('q', '867')).toBe(NO_PROFILE);
    expect(profiles.keysFrom('', 10)).toEqual(['p\x00867']);
  });

  it('makes a device known that never asked, until it is forgotten with all that was said', async () => {
    const world = await worldOf();
    const { operator, profiles } = world;
    await expect(operator.device('p', 'new')).rejects.toMatchObject({ code: 'device-unknown' });
    await operator.changeProfile('p', 'new', { addLabels: ['beta'] });
    expect(await operator.device('p', 'new')).toMatchObject([{ profile: { labels: ['beta'] }, record: undefined }]);
    await world.ask({ id: 'new' });
    const forgotten = operator.forgetDevice('p', 'new');
    await world.time.pass(0);
    await forgotten;
    expect(profiles.profile('p', 'new')).toBe(NO_PROFILE);
    await expect(operator.device('p', 'new')).rejects.toMatchObject({ code: 'device-unknown' });
  });

  it('is refused of what is no device, and of a project that is none', async () => {
    const { operator } = await worldOf();
    await expect(operator.changeProfile('p', '\n', {})).rejects.toMatchObject({ code: 'id-invalid' });
    await expect(operator.changeProfile('nope', '867', {})).rejects.toMatchObject({ code: 'project-unknown' });
    await expect(operator.changeProfile('p', '867', { addLabels: ['a b'] })).rejects.toMatchObject({
      code: 'label-invalid',
    });
  });

  it('changes of many devices at once, but for those that cannot be as it was asked for', async () => {
    const profiles = await openProfiles(memoryProfiles());
    const many = Array.from({ length: 32 }, (_, i) => `l${i}`);
    await profiles.change([{ project: 'p', id: 'full', change: { labels: many } }]);
    const change = { addLabels: ['beta'] };
    const unchanged = await profiles.change(['full', 'a', 'b', 'a'].map((id) => ({ project: 'p', id, change })));
    expect(unchanged).toMatchObject([{ id: 'full', error: { code: 'labels-too-many' } }]);
    expect(profiles.profile('p', 'full').labels).toHaveLength(32);
    expect(profiles.profile('p', 'a').labels).toEqual(['beta']);
    expect(profiles.profile('p', 'b').labels).toEqual(['beta']);
  });

  it('adds up, whoever says it at the same time', async () => {
    const profiles = await openProfiles(memoryProfiles());
    const labels = Array.from({ length: 20 }, (_, i) => `l${i}`).sort();
    await Promise.all(labels.map((label) => profiles.change([{ ...DEVICE, change: { addLabels: [label] } }])));
    expect(profiles.profile('p', '867').labels).toEqual(labels);
  });

  it('counts only once it is durable: where it cannot be written nothing is changed, and later changes go on', async () => {
    const store = memoryProfiles();
    let isFull = true;
    const unreliable: ProfileStore = {
      ...store,
      write: async (profiles) => {
        if (isFull) throw new FotaServerError('disk-full', 'no room');
        return store.write(profiles);
      },
    };
    const profiles = await openProfiles(unreliable);
    const change = { addLabels: ['beta'] };
    await expect(profiles.change([{ ...DEVICE, change }])).rejects.toMatchObject({ code: 'disk-full' });
    expect(profiles.profile('p', '867')).toBe(NO_PROFILE);
    isFull = false;
    await profiles.change([{ ...DEVICE, change }]);
    expect(profiles.profile('p', '867').labels).toEqual(['beta']);
  });
});
