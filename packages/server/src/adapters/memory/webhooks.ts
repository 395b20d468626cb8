import type { Delivery, StoredWebhook, WebhookStore } from '../../ports/webhooks.ts';

/** Webhooks in memory, for tests and simulations. */
export function memoryWebhooks(): WebhookStore {
  const webhooks = new Map<string, StoredWebhook>();
  const deliveries = new Map<string, readonly Delivery[]>();
  return {
    webhooks: async () => [...webhooks.values()],
    keep: async (webhook) => void webhooks.set(webhook.id, webhook),
    async remove(id) {
      webhooks.delete(id);
      deliveries.delete(id);
    },
    async note(id, progress, delivery) {
      const webhook = webhooks.get(id);
      if (webhook === undefined) return;
      if (progress !== undefined) webhooks.set(id, { ...webhook, progress });
      if (delivery !== undefined) deliveries.set(id, [delivery, ...(deliveries.get(id) ?? [])].slice(0, 100));
    },
    deliveries: async (id) => deliveries.get(id) ?? [],
  };
}
