import type { IncomingMessage } from 'node:http';
import { type Answer, refusal } from '../answers.ts';
import { excerptOf, type Refused, type RefusedReason } from '../refused.ts';

/** One device protocol: answers what is its own, and leaves the rest to the others. */
export type DeviceRoute = (target: string, request: IncomingMessage) => Promise<Answer> | undefined;

/** LuatOS' `method` option takes any of these; all ask the same question (luatos.md L10). */
const METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * The device side: the first protocol that knows the target answers. Of requests that none knows `onLost` is told: a device
 * with a mistyped URL cannot say so itself.
 */
export function deviceRoutes(
  routes: readonly DeviceRoute[],
  onLost: (lost: Refused) => void,
): (request: IncomingMessage) => Promise<Answer> {
  const lost = ({ method, url, socket }: IncomingMessage, reason: RefusedReason, status: number): void =>
    onLost({
      reason,
      status,
      address: socket.remoteAddress ?? '',
      excerpt: excerptOf(`${method} ${url}`),
      at: Date.now(),
    });
  return async (request) => {
    const { method, url = '' } = request;
    if (!METHODS.has(method)) {
      lost(request, 'no-such-method', 405);
      return refusal(405, 405, 'this method asks nothing');
    }
    // Proxies send the whole URL.
    const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*/i, '');
    for (const route of routes) {
      const answer = route(target, request);
      if (answer !== undefined) return answer;
    }
    if (method !== 'HEAD') lost(request, 'no-such-path', 404);
    return refusal(404, 404, 'nothing is here');
  };
}
