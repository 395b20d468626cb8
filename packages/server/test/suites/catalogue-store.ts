import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Project } from '../../src/domain/catalogue.ts';
import type { CatalogueStore } from '../../src/ports.ts';
import { keyOf, projectOf, releaseOf } from './samples.ts';

/** Each with a store of its own. */
const RUNS = process.env['PROVE'] === undefined ? 10 : 200;

/** A store, and the same opened again as after a restart. */
export interface CatalogueUnderTest {
  readonly store: CatalogueStore;
  reopened(): Promise<CatalogueStore>;
}

/** What every `CatalogueStore` owes to the use cases. */
export function testCatalogueStore(make: () => Promise<CatalogueUnderTest>): void {
  const test = (name: string, work: (under: CatalogueUnderTest) => Promise<void>): void => {
    it(name, async () => work(await make()));
  };

  test('projects come back as they were written last, in the order of their making', async ({ store, reopened }) => {
    const zebra = projectOf('zebra', { createdAt: 5, refusals: 'empty' });
    const ape = projectOf('ape', { createdAt: 5, formerKeys: [keyOf('x'), keyOf('b')] });
    const owl = projectOf('猫头鹰', { key: keyOf('owl'), createdAt: 6 });
    for (const project of [zebra, ape, owl]) await store.addProject(project);
    const changed = { ...zebra, key: keyOf('new'), formerKeys: [zebra.key], registration: 'closed' as const };
    await store.updateProject(changed);
    expect(await store.projects()).toEqual([changed, ape, owl]);
    expect(await (await reopened()).projects()).toEqual([changed, ape, owl]);
  });

  test('a project keeps its key rings in their order, and a package its signature', async ({ store, reopened }) => {
    const first = { text: 'one\nключ\n' };
    const second = { text: 'two', signature: 'by one\n' };
    const plain = projectOf('p');
    await store.addProject({ ...plain, keyRings: [first] });
    await store.addProject(projectOf('other'));
    const changed = { ...plain, keyRings: [first, second] };
    await store.updateProject(changed);
    expect(await store.projects()).toEqual([changed, projectOf('other')]);
    expect(await (await reopened()).projects()).toEqual([changed, projectOf('other')]);
    const [any] = releaseOf().packages;
    if (any === undefined) throw new Error('a sample without a package');
    const release = await store.addRelease(
      releaseOf({ packages: [any, { ...any, source: '2012', signature: 'signed\n'.repeat(1_000) }] }),
    );
    expect(await (await reopened()).releases()).toEqual([release]);
    const signed = await store.setSignature(release, 'any', 'later');
    expect(signed.packages).toEqual([release.packages[0], { ...any, signature: 'later' }]);
    const again = await store.setSignature(signed, '2012', 'anew');
    expect(await store.releases()).toEqual([again]);
    expect(await (await reopened()).releases()).toEqual([again]);
  });

  test('a name is one project, and so is a key, present or former; a key that was revoked is free', async ({
    store,
  }) => {
    const first = projectOf('first', { formerKeys: [keyOf('old')] });
    const second = projectOf('second');
    await store.addProject(first);
    await store.addProject(second);
    const rivals = [
      () => store.addProject(projectOf('first', { key: keyOf('other') })),
      () => store.addProject(projectOf('third', { key: first.key })),
      () => store.addProject(projectOf('third', { key: keyOf('old') })),
      () => store.addProject(projectOf('third', { formerKeys: [first.key] })),
      () => store.updateProject({ ...second, key: keyOf('old'), formerKeys: [second.key] }),
      () => store.updateProject({ ...second, formerKeys: [first.key] }),
    ];
    for (const rival of rivals) await expect(rival()).rejects.toMatchObject({ code: 'project-exists' });
    expect(await store.projects()).toEqual([first, second]);
    await store.updateProject({ ...first, formerKeys: [] });
    await store.updateProject({ ...second, key: keyOf('old'), formerKeys: [second.key] });
    expect(await store.projects()).toMatchObject([{ formerKeys: [] }, { key: keyOf('old') }]);
  });

  it('whatever is tried with names and keys, what was refused has changed nothing', async () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const keys = fc.uniqueArray(fc.constantFrom('1', '2', '3', '4', '5').map(keyOf), { minLength: 1, maxLength: 3 });
    const changes = fc.array(fc.record({ adds: fc.boolean(), name: names, keys }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(changes, async (all) => {
        const { store, reopened } = await make();
        const kept = new Map<string, Project>();
        for (const {
          adds,
          name,
          keys: [key = '', ...formerKeys],
        } of all) {
          if (!adds && !kept.has(name)) continue;
          const project = projectOf(name, { key, formerKeys });
          const others = [...kept.values()].filter((one) => one.name !== name);
          const taken = new Set(others.flatMap((one) => [one.key, ...one.formerKeys]));
          const isFree = !(adds && kept.has(name)) && ![key, ...formerKeys].some((one) => taken.has(one));
          const done = adds ? store.addProject(project) : store.updateProject(project);
          if (isFree) {
            await done;
            kept.set(name, project);
          } else await expect(done).rejects.toMatchObject({ code: 'project-exists' });
        }
        expect(await (await reopened()).projects()).toEqual([...kept.values()]);
      }),
      { numRuns: RUNS },
    );
  });

  test('releases come back with everything, in the order of their making', async ({ store, reopened }) => {
    await store.addProject(projectOf('p'));
    const [any] = releaseOf().packages;
    if (any === undefined) throw new Error('a sample without a package');
    const first = await store.addRelease(
      releaseOf({
        core: '2012',
        wireVersion: '2012.1.0',
        notes: 'Zeile\n第二行 🚀',
        packages: [any, { ...any, source: '2012', sha256: 'b'.repeat(64), size: 2 ** 40, fileName: '固件.bin' }],
      }),
    );
    const second = await store.addRelease(releaseOf({ state: 'published', publishedAt: 5 }));
    expect(second.id).toBeGreaterThan(first.id);
    expect(first).toMatchObject({ packages: [{ source: '2012', size: 2 ** 40 }, { source: 'any' }] });
    expect(await store.releases()).toEqual([first, second]);
    expect(await (await reopened()).releases()).toEqual([first, second]);
  });

  test('a package can join a draft and publish it in one write', async ({ store, reopened }) => {
    await store.addProject(projectOf('p'));
    const draft = await store.addRelease(releaseOf());
    const [any] = draft.packages;
    if (any === undefined) throw new Error('a sample without a package');
    const published = await store.addPackage(draft, { ...any, source: '2010' }, 20);
    expect(published).toMatchObject({ state: 'published', publishedAt: 20, packages: [{ source: '2010' }, any] });
    expect(await store.releases()).toEqual([published]);
    expect(await (await reopened()).releases()).toEqual([published]);
  });

  test('a release goes through its states and gains packages; what is answered is what is kept', async ({
    store,
    reopened,
  }) => {
    await store.addProject(projectOf('p'));
    const draft = await store.addRelease(releaseOf());
    const grown = await store.addPackage(draft, {
      sha256: 'c'.repeat(64),
      size: 1,
      source: '2010',
      fileName: '',
      format: 'ec7xx',
    });
    expect(grown.packages.map(({ source }) => source)).toEqual(['2010', 'any']);
    const published = await store.setState(grown, 'published', 20);
    expect(published).toEqual({ ...grown, state: 'published', publishedAt: 20 });
    expect(await (await reopened()).releases()).toEqual([published]);
    const withdrawn = await store.setState(published, 'withdrawn', 30);
    expect(withdrawn).toEqual({ ...published, state: 'withdrawn', withdrawnAt: 30 });
    expect(await (await reopened()).releases()).toEqual([withdrawn]);
  });

  test('a release is a floor from the start, or becomes one, or ceases to be one', async ({ store, reopened }) => {
    await store.addProject(projectOf('p'));
    const floor = await store.addRelease(releaseOf({ isFloor: true }));
    const plain = await store.addRelease(releaseOf({ version: '1.2.0', wireVersion: '1.2.0' }));
    expect(await (await reopened()).releases()).toEqual([floor, plain]);
    const [before, after] = [await store.setFloor(floor, false), await store.setFloor(plain, true)];
    expect([before, after]).toEqual([
      { ...floor, isFloor: false },
      { ...plain, isFloor: true },
    ]);
    expect(await store.releases()).toEqual([before, after]);
    expect(await (await reopened()).releases()).toEqual([before, after]);
  });
}
