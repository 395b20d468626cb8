import { expect, it } from 'vitest';
import { intakeOf, WORLD_KEY } from '../../test/suites/world.ts';
import { nodeProving } from '../adapters/crypto/proving.ts';
import { memoryCatalogue } from '../adapters/memory/catalogue.ts';
import { memoryPackages } from '../adapters/memory/packages.ts';
import { FotaServerError } from '../domain/errors.ts';
import type { CatalogueStore } from '../ports.ts';
import { openCatalogue } from './catalogue.ts';

const ALL = { project: undefined, firmwareName: undefined, state: undefined };

it('a release that is withdrawn is on offer no more while that waits to be written, and again where it cannot be', async () => {
  let problem: Error | undefined;
  let letGo = (): void => undefined;
  const kept = memoryCatalogue();
  const store: CatalogueStore = {
    ...kept,
    setState: async (...all) => {
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
      if (problem !== undefined) throw problem;
      return kept.setState(...all);
    },
  };
  let changed = 0;
  const onChanged = (): void => {
    changed += 1;
  };
  const parts = { sha256: (text: string) => text, proving: nodeProving, open: memoryPackages().open };
  const ports = { ...parts, now: () => 5, newKey: () => WORLD_KEY, onChanged };
  const catalogue = await openCatalogue({ ...ports, store });
  await catalogue.createProject({ name: 'p' });
  const { release } = await catalogue.publish({
    project: 'p',
    firmwareName: 'app',
    version: '1.1.0',
    intake: intakeOf('x'),
  });
  for (const isFull of [true, false]) {
    problem = isFull ? new FotaServerError('disk-full', 'no room is left') : undefined;
    const before = changed;
    const done = catalogue.withdraw(release.id);
    expect(changed).toBe(before + 1);
    expect(catalogue.release(release.id)).toMatchObject({ state: 'withdrawn', withdrawnAt: 5 });
    expect(catalogue.releases({ ...ALL, state: 'published' })).toEqual([]);
    await Promise.resolve();
    letGo();
    if (isFull) await expect(done).rejects.toBe(problem);
    else await done;
    expect(catalogue.release(release.id).state).toBe(isFull ? 'published' : 'withdrawn');
    expect(changed).toBeGreaterThan(before + 1);
  }
  expect(await kept.releases()).toMatchObject([{ state: 'withdrawn', withdrawnAt: 5 }]);
});
