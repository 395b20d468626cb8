import type { IncomingMessage } from 'node:http';
import { type Answer, refusal } from '../answers.ts';

/** One device protocol: answers what is its own, and leaves the rest to the others. */
export type DeviceRoute = (target: string, request: IncomingMessage) => Promise<Answer> | undefined;

/** LuatOS' `method` option takes any of these; all ask the same question (luatos.md L10). */
const METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** The device side: the first protocol that knows the target answers. */
export function deviceRoutes(routes: readonly DeviceRoute[]): (request: IncomingMessage) => Promise<Answer> {
  return async (request) => {
    const { method, url = '' } = request;
    if (!METHODS.has(method)) return refusal(405, 405, 'this method asks nothing');
    // Proxies send the whole URL.
    const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*/i, '');
    for (const route of routes) {
      const answer = route(target, request);
      if (answer !== undefined) return answer;
    }
    return refusal(404, 404, 'nothing is here');
  };
}
