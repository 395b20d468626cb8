import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { type Rolling, rolling } from '../../../test/rolling.ts';
import type { ApiPage } from './api.ts';
import type { ApiAttempt } from './rollout-api.ts';

const folder = folders(onTestFinished);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

async function running(): Promise<Rolling> {
  const admin = await rolling(await folder());
  onTestFinished(() => admin.close());
  return admin;
}

describe('attempts', () => {
  it('are listed with how far each device has come, and by what they are', async () => {
    const { ask, publish, create, asks } = await running();
    const first = await create({ release: await publish('1.1.0'), waves: [{ percent: 100 }] });
    await asks('1', '1.0.0');
    await asks('2', '1.0.0');
    await asks('1', '1.1.0');
    const second = await create({ release: await publish('1.2.0'), waves: [{ ids: ['1'] }] });
    await asks('1', '1.1.0');
    const listed = async (line: string): Promise<readonly ApiAttempt[]> =>
      ((await ask(`GET ${line}`)).body as ApiPage<ApiAttempt>).items;
    expect(await listed(`/rollouts/${first.id}/attempts?device=1`)).toEqual([
      {
        project: 'sample',
        device: '1',
        firmwareName: 'app',
        release: first.release,
        from: '1.0.0',
        to: '1.1.0',
        rollout: first.id,
        wave: 1,
        state: 'confirmed',
        standing: 'confirmed',
        failures: 0,
        offeredAt: TIME,
        changedAt: TIME,
        detail: '',
      },
    ]);
    const devices = async (line: string) => (await listed(line)).map(({ device, to }) => `${device} ${to}`);
    expect(await devices('/attempts')).toEqual(['1 1.1.0', '1 1.2.0', '2 1.1.0']);
    expect(await devices('/attempts?standing=under-way')).toEqual(['1 1.2.0', '2 1.1.0']);
    expect(await devices(`/attempts?rollout=${second.id}&project=sample`)).toEqual(['1 1.2.0']);
    expect(await devices(`/attempts?release=${first.release}&device=2`)).toEqual(['2 1.1.0']);
    expect(await devices(`/rollouts/${first.id}/attempts?standing=confirmed`)).toEqual(['1 1.1.0']);
    expect(await ask('GET /rollouts/99/attempts')).toMatchObject({ status: 404, body: { code: 'rollout-unknown' } });
  });
});

describe('the global stop', () => {
  it('halts offers until it is lifted, and shows wherever one looks', async () => {
    const { ask, publish } = await running();
    await publish('1.1.0', false);
    expect((await ask('GET /stop')).body).toEqual({ isOn: false, why: '' });
    const explained = async () => (await ask('GET /projects/sample/explain?id=1&firmware=app&version=1.0.0')).body;
    const stop = { isOn: true, why: 'flat batteries', at: TIME };
    expect((await ask('PUT /stop', { json: { isOn: true, why: 'flat batteries' } })).body).toEqual(stop);
    expect((await ask('GET /status')).body).toMatchObject({ stop });
    expect(await explained()).toMatchObject({ answer: 'refused', rule: 'stopped', code: 27 });
    expect((await ask('PUT /stop', { json: { isOn: false } })).body).toEqual({ isOn: false, why: '', at: TIME });
    expect(await explained()).toMatchObject({ answer: 'upgrade' });
  });
});

describe('an explanation', () => {
  it('tells every release that was looked at, and the rollout that spoke', async () => {
    const { ask, publish, create } = await running();
    const { id, release } = await create({ release: await publish('1.2.0'), waves: [{ ids: ['1'] }, { ids: ['2'] }] });
    const middle = await publish('1.1.0', false);
    const explained = async (device: string) =>
      (await ask(`GET /projects/sample/explain?id=${device}&firmware=app&version=1.0.0`)).body;
    expect(await explained('1')).toMatchObject({
      rule: 'newer-release',
      rollout: id,
      wave: 1,
      considered: [{ release, version: '1.2.0', rollout: id, wave: 1 }],
    });
    expect(await explained('2')).toMatchObject({
      rule: 'newer-release',
      release: { version: '1.1.0' },
      considered: [
        { release, version: '1.2.0', rollout: id, wave: 2, against: 'later-wave' },
        { release: middle, version: '1.1.0' },
      ],
    });
    await ask(`POST /releases/${middle}/withdraw`);
    expect(await explained('3')).toMatchObject({
      rule: 'not-targeted',
      considered: [{ release, rollout: id, against: 'not-targeted' }],
    });
  });
});
