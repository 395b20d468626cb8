import type { Rollout } from './rollout.ts';

/**
 * Where a device stands in a rollout: a number from 0 to 100, the same at every question. Who stands below the percentage
 * of a wave is in it, so that a higher percentage keeps everybody who was in; another rollout begins with other devices.
 */
export function positionOf(rollout: number, project: string, id: string): number {
  return (mixed(`${rollout}\0${project}\0${id}`) / 2 ** 32) * 100;
}

/** Says by which wave a device comes in, the first that has it; `undefined`: none. */
export function waveFinder({
  id: rollout,
  project,
  waves,
}: Pick<Rollout, 'id' | 'project' | 'waves'>): (id: string) => number | undefined {
  const has = waves.map((wave): ((id: string, position: () => number) => boolean) => {
    if ('percent' in wave) {
      const { percent } = wave;
      return percent >= 100 ? () => true : (_id, position) => position() < percent;
    }
    const ids = new Set(wave.ids);
    return (id) => ids.has(id);
  });
  return (id) => {
    let known: number | undefined;
    const position = (): number => {
      known ??= positionOf(rollout, project, id);
      return known;
    };
    const place = has.findIndex((isIn) => isIn(id, position));
    return place === -1 ? undefined : place;
  };
}

/** FNV-1a over UTF-16 units, then the finalizer of MurmurHash3, without which names that count up would cluster. */
function mixed(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
