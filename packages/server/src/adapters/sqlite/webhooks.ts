import type { WebhookProgress, WebhookSettings } from '../../domain/webhook.ts';
import type { Delivery, StoredWebhook, WebhookStore } from '../../ports/webhooks.ts';
import type { Database } from './database.ts';
import type { Reading, Transaction } from './transaction.ts';

/** What holds webhooks and what came of the last deliveries; a part of a step of the schema. */
export const WEBHOOK_TABLES: string = `
  CREATE TABLE webhook (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    url TEXT NOT NULL,
    filter TEXT NOT NULL,
    is_private INTEGER NOT NULL,
    is_on INTEGER NOT NULL,
    reason TEXT,
    place INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    next_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE webhook_delivery (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook TEXT NOT NULL,
    at INTEGER NOT NULL,
    event INTEGER NOT NULL,
    type TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    status INTEGER,
    problem TEXT,
    ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook);
`;

interface WebhookRow {
  readonly id: string;
  readonly secret: string;
  readonly created_at: number;
  readonly url: string;
  readonly filter: string;
  readonly is_private: number;
  readonly is_on: number;
  readonly reason: string | null;
  readonly place: number;
  readonly tries: number;
  readonly next_at: number;
}

type DeliveryRow = { readonly [Key in keyof Delivery]: Exclude<Delivery[Key], undefined> | null };

/** Deliveries of one webhook that are kept. */
const KEPT = 100;

export function webhookStore(database: Database, transaction: Transaction, reading: Reading): WebhookStore {
  const all = database.prepare('SELECT * FROM webhook ORDER BY number');
  const upsert = database.prepare(
    `INSERT INTO webhook (id, secret, created_at, url, filter, is_private, is_on, reason, place, tries, next_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET secret = excluded.secret, url = excluded.url, filter = excluded.filter,
       is_private = excluded.is_private, is_on = excluded.is_on, reason = excluded.reason, place = excluded.place,
       tries = excluded.tries, next_at = excluded.next_at`,
  );
  const advance = database.prepare(
    'UPDATE webhook SET is_on = ?, reason = ?, place = ?, tries = ?, next_at = ? WHERE id = ?',
  );
  const drop = database.prepare('DELETE FROM webhook WHERE id = ?');
  const insert = database.prepare(
    `INSERT INTO webhook_delivery (webhook, at, event, type, attempt, status, problem, ms)
     SELECT id, ?, ?, ?, ?, ?, ?, ? FROM webhook WHERE id = ?`,
  );
  const trim = database.prepare(
    `DELETE FROM webhook_delivery WHERE webhook = ? AND number <=
       (SELECT number FROM webhook_delivery WHERE webhook = ? ORDER BY number DESC LIMIT 1 OFFSET ${KEPT})`,
  );
  const dropDeliveries = database.prepare('DELETE FROM webhook_delivery WHERE webhook = ?');
  const newest = database.prepare(
    `SELECT at, event, type, attempt, status, problem, ms FROM webhook_delivery WHERE webhook = ? ORDER BY number DESC`,
  );

  return {
    webhooks: async () => reading(() => (all.all() as unknown as WebhookRow[]).map(webhookOf)),

    async keep({ id, secret, createdAt, settings, progress }) {
      const { url, filter, isPrivate } = settings;
      const kept = [id, secret, createdAt, url, JSON.stringify(filter), Number(isPrivate)];
      transaction('power-cut', () => upsert.run(...kept, ...valuesOf(progress)));
    },

    async remove(id) {
      transaction('power-cut', () => {
        drop.run(id);
        dropDeliveries.run(id);
      });
    },

    async note(id, progress, delivery) {
      transaction('kill', () => {
        if (progress !== undefined) advance.run(...valuesOf(progress), id);
        if (delivery === undefined) return;
        const { at, event, type, attempt, status, problem, ms } = delivery;
        insert.run(at, event, type, attempt, status ?? null, problem ?? null, ms, id);
        trim.run(id, id);
      });
    },

    deliveries: async (id) => reading(() => (newest.all(id) as unknown as DeliveryRow[]).map(deliveryOf)),
  };
}

function valuesOf({ isOn, reason, place, tries, nextAt }: WebhookProgress): (string | number | null)[] {
  return [Number(isOn), reason ?? null, place, tries, nextAt];
}

function webhookOf(row: WebhookRow): StoredWebhook {
  const { id, secret, created_at: createdAt, url, filter, reason, place, tries, next_at: nextAt } = row;
  return {
    id,
    secret,
    createdAt,
    settings: { url, filter: JSON.parse(filter) as WebhookSettings['filter'], isPrivate: row.is_private === 1 },
    progress: { isOn: row.is_on === 1, reason: reason ?? undefined, place, tries, nextAt },
  };
}

function deliveryOf({ status, problem, ...rest }: DeliveryRow): Delivery {
  return { ...(rest as Delivery), status: status ?? undefined, problem: problem ?? undefined };
}
