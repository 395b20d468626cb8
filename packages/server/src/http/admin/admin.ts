/** The operator's side over HTTP: one application with two ways in, the network with tokens and a socket without. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { Credentials } from '../../ports/certificates.ts';
import type { AdminApp, AppParts } from './app.ts';
import { type AdminLimits, createServers, DEFAULT_LIMITS } from './servers.ts';
import { type LocalPlace, listenLocally } from './socket.ts';

export interface AdminParts extends Omit<AppParts, 'limits' | 'isLocal' | 'ending'> {
  readonly limits?: Partial<AdminLimits> | undefined;
  /** Whether the network comes in over TLS. Default false. */
  readonly isSecure?: boolean | undefined;
}

export interface Admin {
  /** Lets those in who have a token; does not listen yet. */
  readonly server: Server;
  /** Over TLS, what is shown. */
  use(credentials: Credentials): void;
  /** Listens in this folder for this user, who needs no token. Resolves to the path. @throws FotaServerError `listen-failed` */
  listenLocally(folder: string): Promise<string>;
  /**
   * Takes no more requests and ends uploads under way, which can go on later; other answers have `graceMs` milliseconds.
   * Resolves when nothing runs any more.
   */
  close(graceMs: number): Promise<void>;
}

/** The application is loaded and made at the first request: a server that only devices speak to does without it. */
export function createAdmin(parts: AdminParts): Admin {
  const { uploads, onProblem } = parts;
  const limits = { ...DEFAULT_LIMITS, ...parts.limits };
  const ending = new AbortController();
  let app: Promise<AdminApp> | undefined;
  const opened = async (): Promise<AdminApp> => {
    const { createApp } = await import('./app.ts');
    return createApp({ ...parts, limits, isLocal: servers.isLocal, ending: ending.signal });
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    app ??= opened();
    app
      .then((made) => made.handle(request, response))
      .catch((problem: unknown) => {
        onProblem(problem);
        response.destroy();
      });
  };
  const servers = createServers(handle, limits, parts.isSecure === true);

  let place: LocalPlace | undefined;
  return {
    server: servers.network,
    use: servers.use,
    async listenLocally(folder) {
      place = await listenLocally(servers.local, folder);
      return place.path;
    },
    async close(graceMs) {
      ending.abort();
      await Promise.all([uploads.close(), servers.close(graceMs)]);
      await place?.remove();
      await (await app?.catch(() => undefined))?.close();
    },
  };
}
