import { parsePlainTarget } from '@libfota2/protocol';
import type { Answering } from './answering.ts';
import type { DeviceRoute } from './routes.ts';

/** The plain contract for any client: `GET /d/{project_key}/{firmware_name}?id=…&version=…` (docs/protocol.md §11). */
export function plainRoute(answering: Answering): DeviceRoute {
  return {
    answer(target, request) {
      const identity = parsePlainTarget(target);
      return identity && answering(identity, request);
    },
  };
}
