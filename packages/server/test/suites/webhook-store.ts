import { expect, it } from 'vitest';
import type { Delivery, StoredWebhook, WebhookStore } from '../../src/ports/webhooks.ts';

/** A store, and the same opened again as after a restart. */
export interface WebhooksUnderTest {
  readonly store: WebhookStore;
  reopened(): Promise<WebhookStore>;
}

function webhookOf(id: string, changes: Partial<StoredWebhook> = {}): StoredWebhook {
  return {
    id,
    secret: `secret of ${id}`,
    createdAt: 5,
    settings: {
      url: 'https://hooks.example/x',
      filter: { projects: ['p', '中文'], types: ['rollout'] },
      isPrivate: true,
    },
    progress: { isOn: true, reason: undefined, place: 7, tries: 2, nextAt: 9 },
    ...changes,
  };
}

const delivery: Delivery = { at: 1, event: 7, type: 'problem', attempt: 1, status: 200, problem: undefined, ms: 3 };

/** What every `WebhookStore` owes to the use cases. */
export function testWebhookStore(make: () => Promise<WebhooksUnderTest>): void {
  it('webhooks come back as they were kept last, in the order of their making', async () => {
    const { store, reopened } = await make();
    const settings = { url: 'http://127.0.0.1/', filter: {}, isPrivate: false };
    await store.keep(webhookOf('z'));
    await store.keep(webhookOf('a', { settings }));
    const progress = { isOn: false, reason: 'gone', place: 8, tries: 0, nextAt: 0 };
    const changed = webhookOf('z', { secret: 'another', progress });
    await store.keep(changed);
    for (const each of [store, await reopened()]) {
      expect(await each.webhooks()).toEqual([changed, webhookOf('a', { settings })]);
    }
    await store.remove('z');
    expect((await (await reopened()).webhooks()).map(({ id }) => id)).toEqual(['a']);
  });

  it('how far one is, and its last 100 deliveries, are noted together', async () => {
    const { store, reopened } = await make();
    await store.keep(webhookOf('a'));
    await store.keep(webhookOf('b'));
    const progress = { isOn: true, reason: undefined, place: 500, tries: 0, nextAt: 0 };
    for (let event = 1; event <= 120; event += 1) await store.note('a', progress, { ...delivery, event });
    const refused = { ...delivery, event: 0, status: undefined, problem: 'no answer' };
    await store.note('b', undefined, refused);
    await store.note('nobody', progress, delivery);
    for (const each of [store, await reopened()]) {
      expect((await each.deliveries('a')).map(({ event }) => event)).toEqual(
        Array.from({ length: 100 }, (_, i) => 120 - i),
      );
      expect(await each.deliveries('b')).toEqual([refused]);
      expect(await each.deliveries('nobody')).toEqual([]);
      expect((await each.webhooks()).map(({ progress: { place } }) => place)).toEqual([500, 7]);
    }
    await store.remove('a');
    expect(await (await reopened()).deliveries('a')).toEqual([]);
  });
}
