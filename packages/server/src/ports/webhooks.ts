import type { Sending, WebhookProgress, WebhookSettings } from '../domain/webhook.ts';

/** A webhook as it is kept. Its secret must be readable, for every delivery is signed with it. */
export interface StoredWebhook {
  readonly id: string;
  readonly secret: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly settings: WebhookSettings;
  readonly progress: WebhookProgress;
}

/** One try to deliver an event. */
export interface Delivery extends Sending {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Number of the event; 0: a test. */
  readonly event: number;
  readonly type: string;
  /** Which try of this event it was, from 1 on. */
  readonly attempt: number;
  /** Milliseconds that it took. */
  readonly ms: number;
}

/** Webhooks, and of each the last 100 tries. */
export interface WebhookStore {
  /** In the order of their making. */
  webhooks(): Promise<readonly StoredWebhook[]>;
  /** Adds it, or replaces the one of its id; durable against power cuts. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  keep(webhook: StoredWebhook): Promise<void>;
  /** With its deliveries. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  remove(id: string): Promise<void>;
  /** Durable against the end of this process: what a power cut takes is delivered again. */
  note(id: string, progress: WebhookProgress | undefined, delivery: Delivery | undefined): Promise<void>;
  /** The newest first. */
  deliveries(id: string): Promise<readonly Delivery[]>;
}

export interface Message {
  readonly url: string;
  readonly isPrivate: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends events to receivers of others: bounded in time and bytes, and never to where it must not. */
export interface WebhookSender {
  /** @throws FotaServerError `webhook-url-invalid`, `webhook-address-refused` */
  check(url: string, isPrivate: boolean): void;
  /** Never rejects. */
  send(message: Message): Promise<Sending>;
  /** Ends what is under way. */
  close(): void;
}
