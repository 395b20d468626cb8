import { setTimeout as pass } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Desk, makeDesk, type Serving, serve } from './support/cli.ts';
import { randomNumbers } from './support/server-kill.ts';

const KILLS = process.env['PROVE'] === undefined ? 2 : 50;
const random = randomNumbers(7);

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

interface Told {
  readonly id: number;
  readonly type: string;
  readonly data: { readonly release?: number };
}

interface Release {
  readonly id: number;
  readonly state: string;
}

/** Asks the admin side; `undefined` where the server is gone. */
async function ask<T>({ adminUrl }: Serving, token: string, line: string, json?: object): Promise<T | undefined> {
  const [method = '', path = ''] = line.split(' ');
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': 'application/json' };
  const body = json === undefined ? null : JSON.stringify(json);
  if (body === null) Reflect.deleteProperty(headers, 'content-type');
  return fetch(`${adminUrl}/api/v1${path}`, { method, headers, body }).then(
    (answer) => answer.json() as Promise<T>,
    () => undefined,
  );
}

/** The whole of a list, page by page. */
async function all<T>(serving: Serving, token: string, path: string): Promise<readonly T[]> {
  const items: T[] = [];
  for (let more = ''; ; ) {
    const page = await ask<{ items: T[]; cursor?: string | null }>(serving, token, `GET ${path}limit=1000${more}`);
    items.push(...(page?.items ?? []));
    if (typeof page?.cursor !== 'string') return items;
    more = `&cursor=${encodeURIComponent(page.cursor)}`;
  }
}

/** Publishes and withdraws until the server is gone. */
async function work(serving: Serving, token: string, upload: string, from: number): Promise<void> {
  for (let n = from; ; n += 1) {
    const wanted = { project: 'p', upload, firmwareName: `app ${n}`, version: '1.0.0', draft: n % 3 === 0 };
    const made = await ask<{ release: Release }>(serving, token, 'POST /releases', wanted);
    if (made === undefined) return;
    const { id } = made.release;
    if (n % 2 === 0) await ask(serving, token, `POST /releases/${id}/withdraw`);
  }
}

/** Notes what is told, until the server is gone. */
async function listen({ adminUrl }: Serving, token: string, heard: Map<number, Told>): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  try {
    const { body } = await fetch(`${adminUrl}/api/v1/events?type=release`, { headers });
    let text = '';
    for await (const piece of body ?? []) {
      text += Buffer.from(piece).toString();
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const [, data] = /^data: (.*)$/m.exec(frame) ?? [];
        const told = data === undefined ? undefined : (JSON.parse(data) as Told);
        if (told !== undefined) heard.set(told.id, told);
      }
    }
  } catch {
    // It was killed.
  }
}

/** Every release has its events, each once; what was heard is still what it was. */
async function expectWhole(serving: Serving, token: string, heard: ReadonlyMap<number, Told>): Promise<void> {
  const events = await all<Told>(serving, token, '/events?type=release&');
  const releases = await all<Release>(serving, token, '/releases?');
  expect(releases.length).toBeGreaterThan(0);
  const published = events.filter(({ type }) => type === 'release.published').map(({ data }) => data.release);
  const withdrawn = events.filter(({ type }) => type === 'release.withdrawn').map(({ data }) => data.release);
  for (const { id, state } of releases) {
    expect(withdrawn.filter((one) => one === id)).toHaveLength(state === 'withdrawn' ? 1 : 0);
    if (state === 'published') expect(published.filter((one) => one === id)).toHaveLength(1);
    if (state === 'draft') expect(published).not.toContain(id);
  }
  expect(new Set(published).size).toBe(published.length);
  for (const { id } of events) if (heard.has(id)) expect(events.find((one) => one.id === id)).toEqual(heard.get(id));
  const kept = new Set(events.map(({ id }) => id));
  for (const id of heard.keys()) expect(kept).toContain(id);
}

it('no event of a release is lost or doubled by SIGKILL, and no number is used again', {
  timeout: 900_000,
}, async () => {
  const heard = new Map<number, Told>();
  let serving = await serve(desk);
  const { token } = serving;
  await desk.json('project', 'create', 'p');
  const bytes = Buffer.from('some bytes');
  const begun = await ask<{ id: string }>(serving, token, 'POST /uploads', { size: bytes.length });
  const upload = begun?.id ?? '';
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/octet-stream',
    'upload-offset': '0',
  };
  await fetch(`${serving.adminUrl}/api/v1/uploads/${upload}`, { method: 'PATCH', headers, body: bytes });

  for (let kill = 0; kill < KILLS; kill += 1) {
    const working = [work(serving, token, upload, 1_000 * kill), listen(serving, token, heard)];
    await pass(300 + 700 * random());
    process.kill(serving.program.pid, 'SIGKILL');
    await Promise.all([...working, serving.program.ended]);
    serving = await serve(desk);
    await expectWhole(serving, token, heard);
  }
});
