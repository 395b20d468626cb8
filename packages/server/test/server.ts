import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FotaServer, type ServerOptions, startServer } from '../src/index.ts';
import type { StoredLogEntry } from '../src/ports.ts';

export const KEY: string = 'k'.repeat(32);
export const PROJECT = 'sample';

/** What makes folders and servers that go with the test: `const make = fixtures(onTestFinished)`. */
export function fixtures(onTestFinished: (clean: () => Promise<void>) => void): {
  /** An empty folder. */
  folder(): Promise<string>;
  started(options?: Partial<ServerOptions>): Promise<FotaServer>;
  /** A server with one project and the releases of one firmware, `app`. */
  publishing(releases: Readonly<Record<string, Uint8Array>>, options?: Partial<ServerOptions>): Promise<FotaServer>;
} {
  const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'fota server '));
    onTestFinished(() => rm(path, { recursive: true, force: true }));
    return path;
  };
  const started = async (options: Partial<ServerOptions> = {}): Promise<FotaServer> => {
    const server = await startServer({ dataDir: options.dataDir ?? (await folder()), graceMs: 2_000, ...options });
    onTestFinished(() => server.close());
    return server;
  };
  return {
    folder,
    started,
    async publishing(releases, options) {
      const server = await started(options);
      await server.createProject(PROJECT, KEY);
      for (const [version, bytes] of Object.entries(releases)) await publish(server, version, bytes);
      return server;
    },
  };
}

export async function publish(server: FotaServer, version: string, bytes: Uint8Array): Promise<void> {
  await server.publish({ project: PROJECT, firmwareName: 'app', version, package: [bytes] });
}

/** The newest entries of the upgrade log, newest first. */
export async function logged(server: FotaServer, limit = 100): Promise<readonly StoredLogEntry[]> {
  const all = { project: undefined, firmwareName: undefined, deviceId: undefined, event: undefined, after: undefined };
  return (await server.operator.log(all, { limit, cursor: undefined })).items;
}

/** Live and withdrawn releases, newest first. */
export function releasesOf(server: FotaServer): ReturnType<FotaServer['operator']['releases']> {
  return server.operator.releases({ project: undefined, firmwareName: undefined, state: undefined });
}

/** The target that a device of the sample project asks for. */
export function target(version = '1.0.0', id = '867', path = '/upgrade'): string {
  return `${path}?imei=${id}&project_key=${KEY}&firmware_name=app&version=${version}`;
}

export function image(bytes = 60_000): Buffer {
  return randomBytes(bytes);
}

export function etag(bytes: Uint8Array): string {
  return `"${createHash('sha256').update(bytes).digest('hex')}"`;
}
