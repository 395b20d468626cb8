/** An admin side on which releases are rolled out, and devices that ask. */
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { ApiPublished } from '../src/http/admin/api.ts';
import type { ApiRollout } from '../src/http/admin/rollout-api.ts';
import { checkIn, type RunningAdmin, runAdmin, uploaded } from './admin.ts';

const KEY: string = 'k'.repeat(32);

export interface Rolling extends RunningAdmin {
  /** Publishes a release, of which it gives the number. */
  publish(version: string, draft?: boolean): Promise<number>;
  create(json: object): Promise<ApiRollout>;
  get(rollout: number): Promise<ApiRollout>;
  asks(id: string, version: string): Promise<void>;
}

/** With a project, its key and a release 1.0.0 of the firmware `app`. */
export async function rolling(dataDir: string): Promise<Rolling> {
  const admin = await runAdmin(dataDir);
  await admin.ask('POST /projects', { json: { name: 'sample', key: KEY } });
  const world: Rolling = {
    ...admin,
    async publish(version, draft = true) {
      const upload = await uploaded(admin, randomBytes(99));
      const json = { project: 'sample', upload, firmwareName: 'app', version, draft };
      return ((await admin.ask('POST /releases', { json })).body as ApiPublished).release.id;
    },
    async create(json) {
      const { status, body, text } = await admin.ask('POST /rollouts', { json });
      expect(status, text).toBe(201);
      return body as ApiRollout;
    },
    get: async (rollout) => (await admin.ask(`GET /rollouts/${rollout}`)).body as ApiRollout,
    asks: (id, version) =>
      checkIn(admin.application, { idKind: 'imei', id, projectKey: KEY, firmwareName: 'app', version }),
  };
  await world.publish('1.0.0', false);
  return world;
}
