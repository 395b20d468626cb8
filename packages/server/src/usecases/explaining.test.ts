import { expect, it } from 'vitest';
import { scene } from '../../test/suites/rollouts.ts';

it('an explanation says of every release that was looked at why the device does not get it', async () => {
  const world = await scene();
  for (const version of ['1.2.0', '1.3.0']) await world.publish(version, version, { draft: true });
  const nobody = { waves: [{ ids: ['other'] }] };
  await world.roll({ release: 4, ...nobody });
  await world.roll({ release: 3, target: { kind: 'list', ids: ['other'] } });
  const told = (version: string): string | undefined =>
    world.operator
      .explain({ project: 'p', id: 'd0', firmwareName: 'app', version })
      .steps.find(({ decided }) => decided)?.says;
  expect(told('1.0.0')).toMatch(/1\.3\.0.+ It does not get 1\.2\.0 \(not-targeted, rollout 2\)\.$/);
  expect(told('0.9.0')).toMatch(/ It does not get 1\.3\.0 \(\S+, rollout 1\), 1\.2\.0 \(not-targeted, rollout 2\)\.$/);
  expect(told('1.3.0')).not.toContain('It does not get');
});
