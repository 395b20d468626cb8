/** A server that a fleet of virtual devices is let loose on: what it does to them, and what it then says of them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ServerOptions } from '@libfota2/server';
import {
  DEVICE_KINDS,
  type FleetReport,
  type FleetWish,
  type FleetWorld,
  fleetSpec,
  runFleet,
} from '@libfota2/simulator';
import { makeImage, sha256Hex } from '@libfota2/testkit';
import { PROJECT_KEY, type Served, serve } from './served.ts';

export interface Rehearsal {
  readonly server: Served;
  /**
   * Lets a fleet live to its end. Its devices are of every kind there is, run 1.0.0, know what the packages make of them, and ask as often as a machine
   * that is busy with other things can answer.
   */
  live(wish?: Partial<FleetWish>, world?: FleetWorld): Promise<FleetReport>;
  /** The same in a process of its own; with the most memory that it had, in bytes. */
  liveApart(wish?: Partial<FleetWish>): Promise<{ readonly report: FleetReport; readonly peakBytes: number }>;
  /** Asks the admin API: `admin('GET', '/devices?limit=1000')`. Rejects for any answer but 2xx. */
  admin<T>(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T>;
}

/** Of all devices together. */
const MS_A_QUESTION = 3;

/** Starts a server with packages of these sizes of the firmware `app` in the project `sample`: 1.1.0, 1.2.0, … */
export async function rehearse(
  onTestFinished: (clean: () => Promise<void>) => void,
  { packages = [60_000], ...options }: Partial<ServerOptions> & { readonly packages?: readonly number[] } = {},
): Promise<Rehearsal> {
  const server = await serve(onTestFinished, { admin: {}, ...options }, packages);
  const becomes = Object.fromEntries(
    packages.map((bytes, n) => [sha256Hex(makeImage(n, bytes)), `1.${n + 1}.0`] as const),
  );
  const wishFor = (wish: Partial<FleetWish> = {}): FleetWish => ({
    ...{ count: 200, versions: { '1.0.0': 1 }, becomes, rebootMs: 50, timeoutMs: 4_000 },
    generations: Object.fromEntries(DEVICE_KINDS.map((kind) => [kind, 1])),
    server: { host: '127.0.0.1', port: server.port },
    projectKey: PROJECT_KEY,
    firmwareName: 'app',
    ...wish,
    poll: { everyMs: Math.max(200, MS_A_QUESTION * (wish.count ?? 200)), ...wish.poll },
    until: { afterMs: 60_000, when: 'confirmed', ...wish.until },
  });
  return {
    server,
    live: (wish, world) => runFleet(fleetSpec(wishFor(wish)), world),
    async liveApart(wish) {
      const script = fileURLToPath(new URL('../fixtures/fleet.mjs', import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(wishFor(wish))]);
      return JSON.parse(stdout) as { report: FleetReport; peakBytes: number };
    },
    async admin<T>(method: string, path: string, body?: object) {
      const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
      const answer = await fetch(`${server.adminUrl}/api/v1${path}`, {
        method,
        ...(body === undefined
          ? { headers: { authorization: headers.authorization } }
          : { headers, body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as T;
    },
  };
}
