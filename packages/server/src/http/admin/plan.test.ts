import { describe, expect, it, onTestFinished } from 'vitest';
import { type RunningAdmin, runAdmin, uploaded } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import type { ApiPage } from './api.ts';
import type { ApiPlan, ApiPlannedDevice } from './plan-api.ts';

const folder = folders(onTestFinished);

/** A project with release 1 for all, draft 2, and so many devices that have asked. */
async function running(devices: number): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  const { ask, application } = admin;
  await ask('POST /projects', { json: { name: 'p' } });
  const { body } = await ask('GET /projects/p');
  for (const version of ['1.0.0', '1.1.0']) {
    const upload = await uploaded(admin, Buffer.from(`firmware ${version}`));
    const state = version === '1.1.0' ? { draft: true } : {};
    await ask('POST /releases', { json: { project: 'p', upload, firmwareName: 'app', version, ...state } });
  }
  const projectKey = (body as { key: string }).key;
  for (let number = 0; number < devices; number += 1) {
    const identity = { idKind: 'imei', id: `d${number}`, projectKey, firmwareName: 'app', version: '1.0.0' } as const;
    await application.checkIns.answered(application.checkIns.decide(identity));
  }
  return admin;
}

describe('a plan', () => {
  it('says which devices would get what, by which wave, and how many bytes; and changes nothing', async () => {
    const { ask } = await running(3);
    await ask('PUT /projects/p/devices/d2/access', { json: { access: 'blocked' } });
    const request = { release: 2, waves: [{ ids: ['d0'] }, { percent: 100 }], soakMs: 3_600_000 };
    const { status, body } = await ask('POST /plan', { json: { request } });
    expect(status).toBe(200);
    const plan = body as ApiPlan;
    expect(plan).toMatchObject({
      ...{ project: 'p', firmwareName: 'app', release: 2, version: '1.1.0', devices: 2, bytes: 28 },
      waves: [
        { wave: 1, devices: 1, bytes: 14, atLeastMs: 0 },
        { wave: 2, devices: 1, bytes: 14 },
      ],
      others: [{ why: 'blocked', devices: 1 }],
    });
    expect(Date.parse(plan.waves[1]?.from ?? '') - Date.parse(plan.waves[0]?.from ?? '')).toBe(3_600_000);
    expect((await ask('GET /releases/2')).body).toMatchObject({ state: 'draft' });
    expect((await ask('GET /rollouts')).body).toEqual({ items: [] });
  });

  it('is the same for the rollout once it is made', async () => {
    const { ask } = await running(40);
    const request = { release: 2, waves: [{ percent: 30 }, { percent: 100 }] };
    const before = (await ask('POST /plan', { json: { request } })).body as ApiPlan;
    await ask('POST /rollouts', { json: request });
    const after = (await ask('POST /plan', { json: { rollout: 1 } })).body as ApiPlan;
    expect(after.waves.map(({ devices }) => devices)).toEqual(before.waves.map(({ devices }) => devices));
    expect(after.rollout).toBe(1);
  });

  it('names the devices, page by page', async () => {
    const { ask } = await running(12);
    const json = { request: { release: 2, waves: [{ ids: ['d1', 'd11'] }, { percent: 100 }] } };
    const first = (await ask('POST /plan/devices?limit=5', { json })).body as ApiPage<ApiPlannedDevice>;
    const rest = (await ask(`POST /plan/devices?cursor=${first.cursor}`, { json })).body as ApiPage<ApiPlannedDevice>;
    expect([...first.items, ...rest.items].map(({ device }) => device)).toEqual(
      Array.from({ length: 12 }, (_, number) => `d${number}`),
    );
    const ofWave = (await ask('POST /plan/devices?wave=1&id=d1', { json })).body;
    expect(ofWave).toEqual({
      items: ['d1', 'd11'].map((device) => ({ device, version: '1.0.0', wave: 1, bytes: 14, first: 0 })),
    });
  });

  it('is refused where the rollout could not be', async () => {
    const { ask } = await running(0);
    const code = async (json: object) => ((await ask('POST /plan', { json })).body as { code: string }).code;
    expect(await code({ rollout: 9 })).toBe('rollout-unknown');
    expect(await code({ request: { release: 9 } })).toBe('release-unknown');
    expect(await code({ request: { release: 2, target: { query: 'nonsense =' } } })).toBe('query-invalid');
    expect(await code({})).toBe('request-invalid');
    expect(await code({ rollout: 1, request: { release: 2 } })).toBe('request-invalid');
  });
});
