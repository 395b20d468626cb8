import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { type Rolling, rolling } from '../../../test/rolling.ts';
import type { ApiPage } from './api.ts';
import type { ApiRetried, ApiRollout } from './rollout-api.ts';

const folder = folders(onTestFinished);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const NOBODY = { underWay: 0, confirmed: 0, failed: 0, rolledBack: 0, silent: 0, superseded: 0 };
const DAY = 86_400_000;

async function running(): Promise<Rolling> {
  const admin = await rolling(await folder());
  onTestFinished(() => admin.close());
  return admin;
}

describe('a rollout', () => {
  it('of a draft publishes it, and is careful where nothing is said', async () => {
    const { ask, publish, create } = await running();
    const release = await publish('1.1.0');
    const made = await create({ release });
    expect(made).toEqual({
      id: expect.any(Number),
      project: 'sample',
      firmwareName: 'app',
      release,
      version: '1.1.0',
      state: 'running',
      wave: 1,
      why: '',
      next: { does: 'advance', at: TIME, confirmations: 1, says: expect.stringMatching(/^Wave 2 opens once a first /) },
      counts: NOBODY,
      target: { kind: 'all' },
      waves: [5, 25, 100].map((percent, place) => ({ wave: place + 1, percent, counts: NOBODY })),
      windows: [],
      timeZone: 'UTC',
      soakMs: DAY,
      confirm: { percent: 80 },
      pause: { wave: { percent: 10, ofAtLeast: 10 }, overall: { percent: 5, ofAtLeast: 50 } },
      silentAfterMs: DAY,
      mayDowngrade: false,
      limits: {},
      createdAt: TIME,
      startedAt: TIME,
      waveOpenedAt: TIME,
      changedAt: TIME,
    });
    expect((await ask(`GET /rollouts/${made.id}`)).body).toEqual(made);
    expect((await ask(`GET /releases/${release}`)).body).toMatchObject({ state: 'published' });
  });

  it('is shown as it was asked for; of long lists only the beginning where there are many rollouts', async () => {
    const { ask, publish, create } = await running();
    const ids = Array.from({ length: 5_000 }, (_, i) => `86${String(i).padStart(13, '0')}`);
    const wanted = {
      release: await publish('1.1.0'),
      target: { query: 'label:beta and version < 2.0' },
      waves: [{ ids }, { percent: 12.5 }, { percent: 100 }],
      startAt: '2099-11-27T22:00:00.000Z',
      windows: [
        { days: [1, 2, 3, 4, 5], from: '22:00', to: '06:00' },
        { days: [6, 7], from: '00:00', to: '24:00' },
      ],
      timeZone: 'Asia/Shanghai',
      soakMs: 3_600_000,
      confirm: { count: 20 },
      pause: { wave: { count: 2 }, overall: { count: 9, percent: 5, ofAtLeast: 20 } },
      silentAfterMs: 7_200_000,
      mayDowngrade: true,
      limits: { downloads: 10, bytesPerHour: 1_000_000_000, bytesPerDevicePerDay: 50_000_000 },
    };
    const made = await create(wanted);
    expect(made).toMatchObject({
      ...wanted,
      target: { kind: 'query', ...wanted.target },
      waves: [
        { wave: 1, ids, listed: 5_000 },
        { wave: 2, percent: 12.5 },
        { wave: 3, percent: 100 },
      ],
      pause: { wave: { count: 2, ofAtLeast: 10 }, overall: wanted.pause.overall },
      state: 'scheduled',
      wave: 0,
      next: { does: 'start', at: wanted.startAt },
    });
    const { items } = (await ask('GET /rollouts')).body as ApiPage<ApiRollout>;
    expect(items[0]?.waves[0]).toMatchObject({ listed: 5_000, ids: ids.slice(0, 5) });
  });

  it('counts devices as they show the release, and advances, pauses and ends as its operator says', async () => {
    const { ask, publish, create, get, asks } = await running();
    const { id } = await create({ release: await publish('1.1.0'), waves: [{ ids: ['1', '2'] }, { percent: 100 }] });
    await asks('1', '1.0.0');
    await asks('2', '1.0.0');
    await asks('3', '1.0.0');
    expect(await get(id)).toMatchObject({ counts: { ...NOBODY, underWay: 2 }, next: { confirmations: 2 } });
    await asks('1', '1.1.0');
    await asks('2', '1.1.0');
    const counts = { ...NOBODY, confirmed: 2 };
    const shown = await get(id);
    expect(shown).toMatchObject({ counts, waves: [{ counts }, { counts: NOBODY }], next: { confirmations: 0 } });
    expect(shown.next.says).toMatch(/^Wave 2 opens at \d{4}-/);

    const paused = await ask(`POST /rollouts/${id}/pause`, { json: { why: 'flat batteries' } });
    expect(paused).toMatchObject({
      status: 200,
      body: { state: 'paused', why: 'flat batteries', next: { does: 'nothing' } },
    });
    await asks('3', '1.0.0');
    expect(await ask(`POST /rollouts/${id}/skip`)).toMatchObject({ status: 409, body: { code: 'rollout-state' } });
    expect(await ask(`POST /rollouts/${id}/resume`)).toMatchObject({ body: { state: 'running', why: '' } });
    expect(await ask(`POST /rollouts/${id}/skip`)).toMatchObject({ body: { wave: 2, next: { does: 'complete' } } });
    await asks('3', '1.0.0');
    expect((await get(id)).waves[1]?.counts).toEqual({ ...NOBODY, underWay: 1 });
    expect(await ask(`POST /rollouts/${id}/abort`)).toMatchObject({ body: { state: 'aborted', endedAt: TIME } });
    for (const step of ['pause', 'resume', 'skip', 'abort', 'retry']) {
      expect(await ask(`POST /rollouts/${id}/${step}`), step).toMatchObject({
        status: 409,
        body: { code: 'rollout-state' },
      });
      expect(await ask(`POST /rollouts/99/${step}`)).toMatchObject({ status: 404, body: { code: 'rollout-unknown' } });
    }
  });

  it('is rolled back by another one, which takes its devices to the release before', async () => {
    const { ask, publish, create, get, asks } = await running();
    const bad = await create({ release: await publish('1.1.0'), waves: [{ percent: 100 }] });
    await asks('1', '1.0.0');
    await asks('1', '1.1.0');
    const { status, body } = await ask(`POST /rollouts/${bad.id}/rollback`);
    const back = body as ApiRollout;
    expect({ status, back }).toMatchObject({
      status: 201,
      back: { version: '1.0.0', mayDowngrade: true, state: 'running' },
    });
    expect(await get(bad.id)).toMatchObject({ state: 'aborted', why: 'rolled back to 1.0.0' });
    const explained = await ask('GET /projects/sample/explain?id=1&firmware=app');
    expect(explained.body).toMatchObject({ answer: 'upgrade', rule: 'older-release', rollout: back.id, wave: 1 });
  });

  it('lets devices try again that went back', async () => {
    const { ask, publish, create, get, asks } = await running();
    const { id } = await create({ release: await publish('1.1.0'), waves: [{ percent: 100 }] });
    const retry = async () => (await ask(`POST /rollouts/${id}/retry`)).body as ApiRetried;
    for (const version of ['1.0.0', '1.1.0', '1.0.0']) await asks('1', version);
    await asks('2', '1.0.0');
    expect((await get(id)).counts).toEqual({ ...NOBODY, underWay: 1, rolledBack: 1 });
    expect(await retry()).toMatchObject({ devices: 1, rollout: { counts: { ...NOBODY, underWay: 1, superseded: 1 } } });
    expect(await retry()).toMatchObject({ devices: 0 });
    await asks('1', '1.0.0');
    expect((await get(id)).counts).toEqual({ ...NOBODY, underWay: 2 });
  });
});

describe('rollouts', () => {
  it('are listed the newest first, in pages and by what they are', async () => {
    const { ask, publish, create } = await running();
    const made: ApiRollout[] = [];
    for (const version of ['1.1.0', '1.2.0', '1.3.0']) made.push(await create({ release: await publish(version) }));
    await ask(`POST /rollouts/${made[1]?.id}/pause`);
    const listed = async (query: string) => {
      const { items, cursor } = (await ask(`GET /rollouts?${query}`)).body as ApiPage<ApiRollout>;
      return { versions: items.map(({ version }) => version), cursor };
    };
    const first = await listed('limit=2');
    expect(first.versions).toEqual(['1.3.0', '1.2.0']);
    expect(await listed(`limit=2&cursor=${first.cursor}`)).toEqual({ versions: ['1.1.0'], cursor: undefined });
    expect((await listed('state=paused')).versions).toEqual(['1.2.0']);
    expect((await listed(`release=${made[2]?.release}`)).versions).toEqual(['1.3.0']);
    expect((await listed('project=other')).versions).toEqual([]);
    expect(await ask('GET /rollouts?cursor=x')).toMatchObject({ status: 400, body: { code: 'cursor-invalid' } });
  });

  it.each([
    ['a target of two kinds', { target: { query: 'label:x', ids: ['1'] } }, 'request-invalid', '"target" in the body'],
    ['a target of no kind', { target: {} }, 'request-invalid', '"target" in the body'],
    ['a wave of nobody', { waves: [{ ids: [] }] }, 'request-invalid', '"waves.0.ids" in the body'],
    ['no waves', { waves: [] }, 'request-invalid', '"waves" in the body'],
    ['waves that shrink', { waves: [{ percent: 50 }, { percent: 5 }] }, 'rollout-invalid', 'would drop devices'],
    ['more than all', { waves: [{ percent: 101 }] }, 'request-invalid', '"waves.0.percent" in the body must be <= 100'],
    [
      'an hour that no clock shows',
      { windows: [{ days: [1], from: '25:00', to: '06:00' }] },
      'request-invalid',
      'from',
    ],
    ['a zone that is none', { timeZone: 'Mars/Olympus' }, 'rollout-invalid', '"Mars/Olympus" is no time zone'],
    ['a start that is no time', { startAt: 'tomorrow' }, 'request-invalid', '"startAt" in the body'],
    ['a query that is none', { target: { query: 'label:' } }, 'query-invalid', 'the query ends'],
    ['an id that is none', { target: { ids: ['\u0007'] } }, 'rollout-invalid', 'is no device id'],
    ['a field that nobody knows', { soak: 1 }, 'request-invalid', 'not known in the body: "soak"'],
  ])('are refused that have %s', async (_what, changes, code, detail) => {
    const { ask, publish } = await running();
    const release = await publish('1.1.0');
    const answer = await ask('POST /rollouts', { json: { release, ...changes } });
    expect(answer).toMatchObject({ status: 400, body: { code, detail: expect.stringContaining(detail) } });
    // The draft stays one.
    expect((await ask(`GET /releases/${release}`)).body).toMatchObject({ state: 'draft' });
  });

  it('are refused of a release that is not there, or not there any more', async () => {
    const { ask, publish } = await running();
    expect(await ask('POST /rollouts', { json: { release: 99 } })).toMatchObject({
      status: 404,
      body: { code: 'release-unknown' },
    });
    const release = await publish('1.1.0');
    await ask(`POST /releases/${release}/withdraw`);
    expect(await ask('POST /rollouts', { json: { release } })).toMatchObject({
      status: 409,
      body: { code: 'release-withdrawn' },
    });
  });
});
