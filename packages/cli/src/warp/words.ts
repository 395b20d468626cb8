/** What plans and simulations say, in plain words. */
import type { ApiPlan } from '@libfota2/server';

type Why = ApiPlan['others'][number]['why'];

const WHY: Readonly<Partial<Record<Why, string>>> = {
  blocked: 'an operator blocked them',
  unregistered: 'they are not registered in the project',
  'version-unreadable': 'their version is not made of numbers and dots',
  pinned: 'an operator pinned them',
  'held-back': 'another rollout keeps them on their version',
  newest: 'they run a higher version',
  floor: 'the release that they must pass through is not on offer',
  'base-missing': 'no package fits the core that they run',
  'not-targeted': 'the rollout is not for them, or in none of its waves',
  'rollout-aborted': 'the rollout was aborted',
  'rolled-back': 'they went back from the release, and are held',
  'upgrade-loop': 'they took the package too often, and are held',
  'another-release': 'they get another release',
  'runs-it': 'they run it already',
  'under-way': 'they have taken it, and nothing more is known yet',
};

export function whyText(why: Why): string {
  return WHY[why] ?? why;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** The two largest units of a span: `2 d 3 h`, `40 min`. */
export function spanText(ms: number): string {
  const first = UNITS.findIndex(([, size]) => ms >= size);
  if (first < 0) return '0 s';
  let left = ms;
  const parts = UNITS.slice(first, first + 2).flatMap(([name, size]) => {
    const many = Math.floor(left / size);
    left -= many * size;
    return many === 0 ? [] : [`${many} ${name}`];
  });
  return parts.join(' ');
}
