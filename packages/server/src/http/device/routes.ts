import type { IncomingMessage } from 'node:http';
import { type Answer, refusal } from '../answers.ts';
import type { Route } from '../listener.ts';
import { NO_PROXIES, type Proxies } from '../proxies.ts';
import { excerptOf, type Refused, type RefusedReason } from '../refused.ts';

/** One device protocol: answers what is its own, and leaves the rest to the others. */
export interface DeviceRoute {
  /** `undefined`: the target is none of its own. `body`: as of {@link Route.answer}. */
  answer(target: string, request: IncomingMessage, body: Uint8Array | undefined): Answer | Promise<Answer> | undefined;
  /** Bytes that the body of a request for this target may have, where it means something. */
  keeps?(target: string): number;
}

/** LuatOS' `method` option takes any of these; all ask the same question (luatos.md L10). */
const METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * The device side: the first protocol that knows the target answers. Of requests that none knows `onLost` is told: a device
 * with a mistyped URL cannot say so itself.
 */
export function deviceRoutes(
  routes: readonly DeviceRoute[],
  onLost: (lost: Refused) => void,
  proxies: Proxies = NO_PROXIES,
): Route {
  const lost = (request: IncomingMessage, reason: RefusedReason, status: number): void =>
    onLost({
      reason,
      status,
      address: proxies.clientOf(request.socket.remoteAddress, request.headers),
      excerpt: excerptOf(`${request.method} ${request.url}`),
      at: Date.now(),
    });
  return {
    answer(request, body) {
      const { method } = request;
      if (!METHODS.has(method)) {
        lost(request, 'no-such-method', 405);
        return refusal(405, 405, 'this method asks nothing');
      }
      const target = targetOf(request);
      for (const route of routes) {
        const answer = route.answer(target, request, body);
        if (answer !== undefined) return answer;
      }
      if (method !== 'HEAD') lost(request, 'no-such-path', 404);
      return refusal(404, 404, 'nothing is here');
    },
    keeps: (request) => Math.max(...routes.map((route) => route.keeps?.(targetOf(request)) ?? 0)),
  };
}

/** Proxies send the whole URL. */
function targetOf({ url = '' }: IncomingMessage): string {
  return url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*/i, '');
}
