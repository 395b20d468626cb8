import { parseTarget } from '@libfota2/protocol';
import type { Answering } from './answering.ts';
import type { DeviceRoute } from './routes.ts';

/** The question of libfota2 and of LuatOS (luatos.md B): anything at one of these paths. */
export function libfota2Route(answering: Answering, paths: ReadonlySet<string>): DeviceRoute {
  return {
    answer(target, request) {
      const { path, identity } = parseTarget(target);
      return paths.has(path) || paths.has(path.replace(/\/$/, '')) ? answering(identity, request) : undefined;
    },
  };
}
