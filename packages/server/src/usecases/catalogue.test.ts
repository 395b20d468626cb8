import { describe, expect, it } from 'vitest';
import { intakeOf, question, WORLD_KEY, type World, worldOf } from '../../test/suites/world.ts';
import { nodeProving } from '../adapters/crypto/proving.ts';
import { memoryCatalogue } from '../adapters/memory/catalogue.ts';
import { memoryPackages } from '../adapters/memory/packages.ts';
import { FotaServerError } from '../domain/errors.ts';
import type { CatalogueStore } from '../ports.ts';
import { openCatalogue } from './catalogue.ts';

const PARTS = { sha256: (text: string) => text, proving: nodeProving, open: memoryPackages().open };
const ALL = { project: undefined, firmwareName: undefined, state: undefined };
const states = ({ catalogue }: World): unknown[] =>
  catalogue.releases(ALL).map(({ version, state }) => [version, state]);
const offers = ({ checkIns }: World, changes = {}): unknown => {
  const decision = checkIns.decide({ ...question(), ...changes });
  return decision.answer === 'upgrade' ? decision.package.sha256 : decision.rule;
};

describe('publishing', () => {
  it('makes a release that devices hear of at once, and a restarted server too', async () => {
    const world = await worldOf();
    const { release, isNew } = await world.publish('1.1.0', 'bytes');
    expect(isNew).toBe(true);
    expect(offers(world)).toBe(intakeOf('bytes').sha256);
    expect((await world.restarted()).catalogue.releases(ALL)).toEqual([release]);
  });

  it('the same bytes as the same version again changes nothing, however the version is spelt', async () => {
    const world = await worldOf();
    const { release } = await world.publish('1.1.0', 'bytes');
    expect(await world.publish('1.1.0', 'bytes')).toEqual({ release, isNew: false, warnings: [] });
    expect(await world.publish('01.1', 'bytes')).toMatchObject({ release, isNew: false });
    expect(world.catalogue.releases(ALL)).toEqual([release]);
  });

  it('other bytes as the same version is refused with the next free version', async () => {
    const world = await worldOf();
    await world.publish('1.1.0');
    await world.publish('1.1.1');
    await expect(world.publish('1.1.0', 'other')).rejects.toMatchObject({
      code: 'release-exists',
      facts: { nextFreeVersion: '1.1.2' },
    });
  });

  it('a version that another one hides on the wire is refused with the next free version', async () => {
    const world = await worldOf();
    await world.publish('1.0.5', 'a', { core: 'V2012' });
    const rival = world.publish('1.1.5', 'b', { core: 'V2012' });
    await expect(rival).rejects.toMatchObject({ code: 'version-taken', facts: { nextFreeVersion: '1.1.6' } });
    // Another core is another version on the wire, and a withdrawn one is out of the way.
    await world.publish('1.1.5', 'b', { core: 'V2013' });
    await world.catalogue.withdraw(1);
    await world.publish('1.1.5', 'b', { core: 'V2012' });
    expect(states(world)).toEqual([
      ['1.1.5', 'published'],
      ['1.1.5', 'published'],
      ['1.0.5', 'withdrawn'],
    ]);
  });

  it('a draft cannot join a release that devices hear of, and a release that is there keeps its notes', async () => {
    const world = await worldOf();
    const { release } = await world.publish('2012.1.5', 'for any', { notes: 'first' });
    const draft = world.publish('2012.1.5', 'for 2011', { source: 'V2011', draft: true });
    await expect(draft).rejects.toMatchObject({ code: 'release-published' });
    expect(world.catalogue.releases(ALL)).toEqual([release]);
    const { warnings } = await world.publish('2012.1.5', 'for 2011', { source: 'V2011', notes: 'second' });
    expect(warnings).toEqual(['Release 1 is there already and keeps its notes.']);
  });

  it('another source adds a package to the release, and each device gets the one for its core', async () => {
    const world = await worldOf();
    await world.publish('2012.1.5', 'for any');
    const { release, isNew } = await world.publish('2012.1.5', 'for 2010', { source: 'V2010' });
    expect(isNew).toBe(true);
    expect(release.packages.map(({ source }) => source)).toEqual(['2010', 'any']);
    expect(offers(world, { version: '2010.1.4' })).toBe(intakeOf('for 2010').sha256);
    expect(offers(world, { version: '2011.1.4' })).toBe(intakeOf('for any').sha256);
    expect((await world.restarted()).catalogue.releases(ALL)).toEqual([release]);
    await expect(world.publish('2012.1.5', 'other', { source: '2010' })).rejects.toMatchObject({
      code: 'release-exists',
    });
  });

  it('of one version by many at once makes one release, and refuses the others with versions that are free', async () => {
    const world = await worldOf();
    const contents = Array.from({ length: 8 }, (_, n) => `bytes ${n % 4}`);
    const settled = await Promise.allSettled(contents.map((content) => world.publish('1.1.0', content)));
    const codes = settled.map((one) => (one.status === 'fulfilled' ? one.value.isNew : one.reason.code));
    expect(codes).toEqual([
      true,
      ...['release-exists', 'release-exists', 'release-exists'],
      false,
      ...['release-exists', 'release-exists', 'release-exists'],
    ]);
    expect(states(world)).toEqual([['1.1.0', 'published']]);
  });

  it('to an unknown project, or without a version, is refused and changes nothing', async () => {
    const world = await worldOf();
    await expect(world.publish('1.0.0', 'x', { project: 'q' })).rejects.toMatchObject({ code: 'project-unknown' });
    await expect(world.publish('1.0.0', 'x', { version: undefined })).rejects.toMatchObject({
      code: 'version-missing',
    });
    expect(states(world)).toEqual([]);
  });
});

describe('drafts', () => {
  it('are floors where that is said at publishing or later, and cease to be by the same word', async () => {
    const world = await worldOf();
    const { release } = await world.publish('1.0.0', 'one', { floor: true });
    expect(release).toMatchObject({ isFloor: true });
    expect(await world.catalogue.setFloor(release.id, false)).toEqual({ ...release, isFloor: false });
    expect(world.catalogue.release(release.id).isFloor).toBe(false);
    // What is there already is not changed by publishing it again.
    const again = await world.publish('1.0.0', 'one', { floor: true });
    expect(again).toMatchObject({ isNew: false, release: { isFloor: false } });
    expect(again.warnings).toContainEqual(expect.stringContaining('fota release floor 1'));
    await world.catalogue.setFloor(release.id, true);
    expect((await world.restarted()).catalogue.release(release.id).isFloor).toBe(true);
    await expect(world.catalogue.setFloor(99, true)).rejects.toMatchObject({ code: 'release-unknown' });
  });

  it('are unknown to devices until they are published, and gone once withdrawn, for good', async () => {
    const world = await worldOf();
    const { release } = await world.publish('1.1.0', 'bytes', { draft: true });
    expect(offers(world)).toBe('firmware-unknown');
    const published = await world.catalogue.publishDraft(release.id);
    expect(await world.catalogue.publishDraft(release.id)).toEqual(published);
    expect(offers(world)).toBe(intakeOf('bytes').sha256);
    const withdrawn = await world.catalogue.withdraw(release.id);
    expect(await world.catalogue.withdraw(release.id)).toEqual(withdrawn);
    expect(offers(world)).toBe('nothing-published');
    await expect(world.catalogue.publishDraft(release.id)).rejects.toMatchObject({ code: 'release-withdrawn' });
    await world.publish('1.1.0', 'bytes');
    expect(states(await world.restarted())).toEqual([
      ['1.1.0', 'published'],
      ['1.1.0', 'withdrawn'],
    ]);
  });

  it('hold their version, and become published by publishing the same bytes', async () => {
    const world = await worldOf();
    await world.publish('1.1.0', 'bytes', { draft: true });
    await expect(world.publish('1.1.0', 'other')).rejects.toMatchObject({ code: 'release-exists' });
    expect(await world.publish('1.1.0', 'bytes', { draft: true })).toMatchObject({ isNew: false });
    expect(await world.publish('1.1.0', 'bytes')).toMatchObject({ isNew: true, release: { state: 'published' } });
    expect(states(world)).toEqual([['1.1.0', 'published']]);
  });
});

describe('keys', () => {
  it('that were rotated are still accepted, until they are revoked', async () => {
    const world = await worldOf();
    await world.publish('1.1.0', 'bytes');
    const next = 'N'.repeat(32);
    const rotated = await world.catalogue.rotateKey('p', next);
    expect(rotated).toMatchObject({ key: next, formerKeys: [WORLD_KEY] });
    for (const one of [world, await world.restarted()]) {
      for (const projectKey of [WORLD_KEY, next]) {
        expect(offers(one, { projectKey })).toBe(intakeOf('bytes').sha256);
      }
    }
    await world.catalogue.revokeKey('p', WORLD_KEY);
    for (const one of [world, await world.restarted()]) {
      expect(offers(one, { projectKey: WORLD_KEY })).toBe('project-unknown');
      expect(offers(one, { projectKey: next })).toBe(intakeOf('bytes').sha256);
    }
  });

  it('of devices are theirs under either key: what was sent under the former one is resumed under the next', async () => {
    const world = await worldOf();
    await world.publish('1.1.0', 'bytes');
    const { sent } = await world.ask();
    const { key } = await world.catalogue.rotateKey('p', undefined);
    expect(world.checkIns.sent(world.checkIns.decide({ ...question(), projectKey: key }))).toEqual(sent);
  });

  it('cannot be revoked while they are the present one, and no key is of two projects', async () => {
    const { catalogue } = await worldOf();
    await catalogue.createProject({ name: 'q' });
    await expect(catalogue.revokeKey('p', WORLD_KEY)).rejects.toMatchObject({ code: 'key-unknown' });
    await expect(catalogue.revokeKey('p', 'x'.repeat(32))).rejects.toMatchObject({ code: 'key-unknown' });
    await expect(catalogue.rotateKey('p', WORLD_KEY)).rejects.toMatchObject({ code: 'project-exists' });
    await expect(catalogue.rotateKey('q', WORLD_KEY)).rejects.toMatchObject({ code: 'project-exists' });
    await expect(catalogue.rotateKey('q', 'short')).rejects.toMatchObject({ code: 'key-invalid' });
    const { key: former } = catalogue.project('q');
    await catalogue.rotateKey('q', 'y'.repeat(32));
    await expect(catalogue.rotateKey('p', former)).rejects.toMatchObject({ code: 'project-exists' });
    // Its own former key may become the present one again.
    expect(await catalogue.rotateKey('q', former)).toMatchObject({ key: former, formerKeys: ['y'.repeat(32)] });
  });
});

describe('projects', () => {
  it('are created once, changed in part, and come back after a restart', async () => {
    const world = await worldOf();
    await expect(world.catalogue.createProject({ name: 'p' })).rejects.toMatchObject({ code: 'project-exists' });
    await expect(world.catalogue.createProject({ name: 'a\nb' })).rejects.toMatchObject({ code: 'name-invalid' });
    await expect(world.catalogue.createProject({ name: 'q', key: 'x' })).rejects.toMatchObject({ code: 'key-invalid' });
    await world.catalogue.updateProject('p', { refusals: 'empty' });
    await world.catalogue.updateProject('p', { registration: 'closed' });
    const wanted = [{ name: 'p', key: WORLD_KEY, formerKeys: [], registration: 'closed', refusals: 'empty' }];
    expect(world.catalogue.projects()).toMatchObject(wanted);
    expect((await world.restarted()).catalogue.projects()).toEqual(world.catalogue.projects());
  });
});

describe('a store that fails', () => {
  it('leaves devices with the plan that they had, and the next change is made', async () => {
    const kept = memoryCatalogue();
    let isFull = false;
    const failing =
      <A extends readonly unknown[], T>(work: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        if (isFull) throw new FotaServerError('disk-full', 'no room is left');
        return work(...args);
      };
    const store: CatalogueStore = {
      ...kept,
      addProject: failing(kept.addProject),
      updateProject: failing(kept.updateProject),
      addRelease: failing(kept.addRelease),
      addPackage: failing(kept.addPackage),
      setState: failing(kept.setState),
      setFloor: failing(kept.setFloor),
    };
    let keys = 0;
    const newKey = (): string => {
      keys += 1;
      return String(keys).padStart(32, 'n');
    };
    let changed = 0;
    const onChanged = (): void => {
      changed += 1;
    };
    const catalogue = await openCatalogue({ ...PARTS, store, now: () => 1, newKey, onChanged });
    await catalogue.createProject({ name: 'p', key: WORLD_KEY });
    const publication = (version: string) => ({
      project: 'p',
      firmwareName: 'app',
      version,
      intake: intakeOf(version),
    });
    const { release } = await catalogue.publish(publication('1.1.0'));
    const before = [catalogue.projects(), catalogue.releases(ALL)];
    isFull = true;
    const changesBefore = changed;
    const changes = [
      () => catalogue.createProject({ name: 'q' }),
      () => catalogue.updateProject('p', { refusals: 'empty' }),
      () => catalogue.rotateKey('p', undefined),
      () => catalogue.publish(publication('1.2.0')),
      () => catalogue.publish({ ...publication('1.1.0'), source: '2012' }),
      () => catalogue.setFloor(release.id, true),
    ];
    for (const change of changes) await expect(change()).rejects.toMatchObject({ code: 'disk-full' });
    expect([catalogue.projects(), catalogue.releases(ALL)]).toEqual(before);
    expect(changed).toBe(changesBefore);
    isFull = false;
    for (const change of changes) await change();
    expect(changed).toBe(changesBefore + changes.length);
    expect(catalogue.releases(ALL)).toMatchObject([{ version: '1.2.0' }, { isFloor: true }]);
  });
});

it('a package that publishes the draft it joins does both in one write', async () => {
  const writes: string[] = [];
  const kept = memoryCatalogue();
  const store: CatalogueStore = {
    ...kept,
    addPackage: (...all) => {
      writes.push('package');
      return kept.addPackage(...all);
    },
    setState: (...all) => {
      writes.push('state');
      return kept.setState(...all);
    },
  };
  const ports = { ...PARTS, now: () => 5, newKey: () => WORLD_KEY, onChanged: () => undefined };
  const catalogue = await openCatalogue({ ...ports, store });
  await catalogue.createProject({ name: 'p' });
  const publication = { project: 'p', firmwareName: 'app', version: '1.1.0', intake: intakeOf('x') };
  await catalogue.publish({ ...publication, draft: true });
  const { release } = await catalogue.publish({ ...publication, intake: intakeOf('y'), source: '2012' });
  expect(release).toMatchObject({ state: 'published', publishedAt: 5, packages: [{ source: '2012' }, {}] });
  expect(writes).toEqual(['package']);
});
