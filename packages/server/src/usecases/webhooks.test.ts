import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type FakeTime, fakeTime } from '../../test/suites/world.ts';
import { memoryEvents } from '../adapters/memory/events.ts';
import { memoryWebhooks } from '../adapters/memory/webhooks.ts';
import { FotaServerError } from '../domain/errors.ts';
import type { NewEvent } from '../domain/event.ts';
import type { Sending, WebhookSettings } from '../domain/webhook.ts';
import type { EventStore } from '../ports/events.ts';
import type { Message, WebhookSender, WebhookStore } from '../ports/webhooks.ts';
import { type Events, openEvents } from './events.ts';
import { openWebhooks, type Webhooks } from './webhooks.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TAKEN: Sending = { status: 204, problem: undefined };
const BROKEN: Sending = { status: 500, problem: undefined };

const hmac = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex');
const held = (device: number, project = 'p'): NewEvent => ({
  type: 'device.held',
  project,
  data: { device: `${device}` },
});
const url = 'https://hooks.example/x';
const plain: WebhookSettings = { url, filter: {}, isPrivate: false };

interface Under {
  readonly time: FakeTime;
  readonly events: Events;
  readonly webhooks: Webhooks;
  readonly sent: readonly Message[];
  readonly problems: readonly unknown[];
  /** What the receivers answer from now on. */
  answer(sending: Sending | Promise<Sending>): void;
  emit(...events: readonly NewEvent[]): Promise<void>;
  /** The same stores and time after a kill. */
  restarted(): Promise<Under>;
}

interface Kept {
  readonly time: FakeTime;
  readonly eventStore: EventStore;
  readonly store: WebhookStore;
}

async function opened(
  kept: Kept = { time: fakeTime(), eventStore: memoryEvents(20), store: memoryWebhooks() },
): Promise<Under> {
  const { time, eventStore, store } = kept;
  const { now, later } = time;
  const problems: unknown[] = [];
  const sent: Message[] = [];
  let answer: Sending | Promise<Sending> = TAKEN;
  const onProblem = (problem: unknown): void => void problems.push(problem);
  const events = await openEvents({ store: eventStore, now, later, onProblem });
  const sender: WebhookSender = {
    check(address) {
      if (!address.startsWith('https:')) throw new FotaServerError('webhook-url-invalid', address);
    },
    async send(message) {
      sent.push(message);
      return answer;
    },
    close: () => undefined,
  };
  const checkProject = (name: string): void => {
    if (name === 'nobody') throw new FotaServerError('project-unknown', name);
  };
  const render = JSON.stringify;
  const ports = { store, sender, events, now, later, random: randomBytes, hmac, render, checkProject, onProblem };
  const webhooks = await openWebhooks(ports);
  webhooks.start();
  return {
    time,
    events,
    webhooks,
    sent,
    problems,
    answer(sending) {
      answer = sending;
    },
    async emit(...told) {
      for (const event of told) events.emit(event);
      await time.pass(50);
      await time.pass(0);
    },
    async restarted() {
      await webhooks.close();
      return opened(kept);
    },
  };
}

const ids = (messages: readonly Message[]): number[] => messages.map(({ headers }) => Number(headers['fota-event-id']));

describe('a webhook', () => {
  it('is sent what happens from its making on, in order, signed with its secret and the time', async () => {
    const { webhooks, emit, sent, time } = await opened();
    await emit(held(0));
    const { id, secret } = await webhooks.create(plain);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9]{40}$/);
    expect(JSON.stringify([webhooks.list(), webhooks.webhook(id)])).not.toContain(secret);
    await emit(held(1), held(2));
    expect(ids(sent)).toEqual([2, 3]);
    const [first] = sent;
    const t = Math.floor(time.now() / 1_000);
    expect(first).toMatchObject({ url, isPrivate: false });
    expect(JSON.parse(first?.body ?? '')).toMatchObject({ id: 2, ...held(1) });
    expect(first?.headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'fota',
      'fota-webhook-id': id,
      'fota-event-id': '2',
      'fota-event-type': 'device.held',
      'fota-attempt': '1',
      'fota-signature': `t=${t},v1=${hmac(secret, `${t}.${first?.body}`)}`,
    });
    expect(webhooks.webhook(id).progress).toMatchObject({ isOn: true, place: 3, tries: 0 });
    expect(await webhooks.deliveries(id)).toMatchObject([
      { event: 3, status: 204, attempt: 1 },
      { event: 2, status: 204, attempt: 1 },
    ]);
  });

  it('is sent only the types and projects that it is for', async () => {
    const { webhooks, emit, sent } = await opened();
    await webhooks.create({ ...plain, filter: { types: ['device'], projects: ['p'] } });
    await emit(held(1), held(2, 'q'), { type: 'stop.on', project: undefined, data: {} }, held(4));
    expect(ids(sent)).toEqual([1, 4]);
  });

  it('waits for an event that is not taken, without another overtaking it', async () => {
    const { webhooks, emit, sent, answer, time } = await opened();
    const { id } = await webhooks.create(plain);
    answer(BROKEN);
    await emit(held(1), held(2));
    expect(ids(sent)).toEqual([1]);
    expect(webhooks.webhook(id).progress).toMatchObject({ place: 0, tries: 1 });
    await time.pass(20_000);
    answer(TAKEN);
    await time.pass(MINUTE * 2);
    expect(ids(sent)).toEqual([1, 1, 1, 2]);
    expect(sent.map(({ headers }) => headers['fota-attempt'])).toEqual(['1', '2', '3', '1']);
    // Each try is signed anew.
    expect(new Set(sent.map(({ headers }) => headers['fota-signature'])).size).toBe(4);
  });

  it('is switched off after eight tries in about a day, says why, and is a problem', async () => {
    const { webhooks, emit, sent, answer, time, problems } = await opened();
    const { id } = await webhooks.create(plain);
    answer(BROKEN);
    await emit(held(1));
    await time.pass(2 * DAY);
    expect(sent).toHaveLength(8);
    const reason = 'event 1 was not taken in 8 tries, the last time: status 500';
    expect(webhooks.webhook(id).progress).toMatchObject({ isOn: false, reason, place: 0 });
    expect(problems).toMatchObject([{ code: 'webhook-failed', message: expect.stringContaining(reason) }]);
    expect(String(problems[0])).not.toContain('hooks.example');

    answer(TAKEN);
    await emit(held(2));
    expect(sent).toHaveLength(8);
    await webhooks.turn(id, 'on');
    await time.pass(0);
    expect(ids(sent).slice(8)).toEqual([1, 2]);
  });

  it('that is switched on again may leave out what happened meanwhile', async () => {
    const { webhooks, emit, sent, time } = await opened();
    const { id } = await webhooks.create(plain);
    await webhooks.turn(id, 'off');
    expect(webhooks.webhook(id).progress).toMatchObject({ isOn: false, reason: undefined });
    await emit(held(1), held(2));
    await webhooks.turn(id, 'on-from-now');
    await emit(held(3));
    await time.pass(DAY);
    expect(ids(sent)).toEqual([3]);
  });

  it('goes on after a restart where it was, and when it would have', async () => {
    const first = await opened();
    const { id } = await first.webhooks.create(plain);
    await first.emit(held(1));
    first.answer(BROKEN);
    await first.emit(held(2));
    const { progress } = first.webhooks.webhook(id);
    const again = await first.restarted();
    expect(again.webhooks.webhook(id).progress).toEqual(progress);
    await again.time.pass(0);
    expect(again.sent).toEqual([]);
    await again.time.pass(20_000);
    expect(again.sent.map(({ headers }) => [headers['fota-event-id'], headers['fota-attempt']])).toEqual([['2', '2']]);
  });

  it('whose delivery is under way when the server closes has it again', async () => {
    const first = await opened();
    await first.webhooks.create(plain);
    let broken = (_: Sending): void => undefined;
    first.answer(
      new Promise((resolve) => {
        broken = resolve;
      }),
    );
    await first.emit(held(1));
    const closed = first.restarted();
    broken({ status: undefined, problem: 'the server closes' });
    const again = await closed;
    await again.time.pass(0);
    expect(ids(again.sent)).toEqual([1]);
    expect(again.sent[0]?.headers['fota-attempt']).toBe('1');
  });

  it('says in its deliveries which events it could not have any more', async () => {
    const { webhooks, emit, sent } = await opened();
    const { id } = await webhooks.create(plain);
    await webhooks.turn(id, 'off');
    await emit(...Array.from({ length: 50 }, (_, n) => held(n)));
    await webhooks.turn(id, 'on');
    await emit();
    expect(ids(sent)).toEqual(Array.from({ length: 20 }, (_, i) => 31 + i));
    expect((await webhooks.deliveries(id)).at(-1)).toMatchObject({
      type: 'reset',
      problem: 'events after 0 are not kept any more: it goes on with 31',
    });
  });

  it('that gets another receiver tries it at once; another secret signs what is sent from then on', async () => {
    const { webhooks, emit, sent, answer, time } = await opened();
    const { id, secret } = await webhooks.create(plain);
    answer(BROKEN);
    await emit(held(1));
    answer(TAKEN);
    await webhooks.update(id, { url: 'https://other.example/' });
    await time.pass(0);
    expect(sent.map((message) => message.url)).toEqual([url, 'https://other.example/']);
    const renewed = await webhooks.renew(id);
    expect(renewed.secret).not.toBe(secret);
    await emit(held(2));
    const [, , { headers, body } = { headers: {} as Message['headers'], body: '' }] = sent;
    const [, t = ''] = /^t=(\d+),/.exec(headers['fota-signature'] ?? '') ?? [];
    expect(headers['fota-signature']).toBe(`t=${t},v1=${hmac(renewed.secret, `${t}.${body}`)}`);
  });

  it('is tested by an event of its own, on or off, which changes nothing', async () => {
    const { webhooks, sent, answer } = await opened();
    const { id } = await webhooks.create(plain);
    await webhooks.turn(id, 'off');
    answer({ status: undefined, problem: 'refused' });
    expect(await webhooks.test(id)).toMatchObject({ event: 0, type: 'webhook.test', problem: 'refused' });
    expect(sent.map(({ headers }) => headers['fota-event-type'])).toEqual(['webhook.test']);
    expect(webhooks.webhook(id).progress).toMatchObject({ isOn: false, tries: 0 });
    expect(await webhooks.deliveries(id)).toHaveLength(1);
  });

  it('that is removed is sent nothing more, and nobody knows it', async () => {
    const { webhooks, emit, sent } = await opened();
    const { id } = await webhooks.create(plain);
    await webhooks.remove(id);
    await emit(held(1));
    expect(sent).toEqual([]);
    const unknown = { code: 'webhook-unknown' };
    expect(() => webhooks.webhook(id)).toThrow(expect.objectContaining(unknown));
    for (const gone of [webhooks.remove(id), webhooks.test(id), webhooks.turn(id, 'on'), webhooks.deliveries(id)]) {
      await expect(gone).rejects.toMatchObject(unknown);
    }
  });
});

it('a webhook with a wrong URL or project is not made, nor changed so; there are 50 at most', async () => {
  const { webhooks } = await opened();
  const [wrongUrl, wrongProject] = [{ code: 'webhook-url-invalid' }, { code: 'project-unknown' }];
  await expect(webhooks.create({ ...plain, url: 'ftp://x' })).rejects.toMatchObject(wrongUrl);
  await expect(webhooks.create({ ...plain, filter: { projects: ['nobody'] } })).rejects.toMatchObject(wrongProject);
  const { id } = await webhooks.create(plain);
  await expect(webhooks.update(id, { url: 'ftp://x' })).rejects.toMatchObject(wrongUrl);
  expect(webhooks.webhook(id).settings).toEqual(plain);
  for (let n = 1; n < 50; n += 1) await webhooks.create(plain);
  await expect(webhooks.create(plain)).rejects.toMatchObject({ code: 'webhooks-full' });
});
