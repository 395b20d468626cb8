import { FotaServerError } from '../domain/errors.ts';
import type { StoredEvent } from '../domain/event.ts';
import type { Sending, WebhookSettings } from '../domain/webhook.ts';
import type { Delivery, StoredWebhook, WebhookSender, WebhookStore } from '../ports/webhooks.ts';
import type { Later, Now } from '../ports.ts';
import type { Events } from './events.ts';
import { letters } from './letters.ts';
import { createLine, type Line } from './webhook-line.ts';

/** A webhook without its secret, which is shown once. */
export type Webhook = Omit<StoredWebhook, 'secret'>;

/**
 * Sends events to receivers of others (docs/decisions/0016): signed, in order, each at least once. One that is not taken is
 * tried 8 times within about a day; then the webhook is switched off, and says why.
 */
export interface Webhooks {
  /** In the order of their making. */
  list(): readonly Webhook[];
  /** @throws FotaServerError `webhook-unknown` */
  webhook(id: string): Webhook;
  /**
   * Begins with what happens from now on.
   * @throws FotaServerError `webhook-url-invalid`, `webhook-address-refused`, `project-unknown`, `webhooks-full`,
   *   `disk-full`, `data-dir-unusable`
   */
  create(settings: WebhookSettings): Promise<StoredWebhook>;
  /** @throws FotaServerError as `webhook` and `create` */
  update(id: string, change: Partial<WebhookSettings>): Promise<Webhook>;
  /** Makes another secret; what is sent from now on is signed with it. @throws FotaServerError as `webhook` */
  renew(id: string): Promise<StoredWebhook>;
  /**
   * Switches it on, to go on where it was, or with what happens from now on; or off.
   * @throws FotaServerError `webhook-unknown`, `disk-full`, `data-dir-unusable`
   */
  turn(id: string, to: 'on' | 'on-from-now' | 'off'): Promise<Webhook>;
  /** @throws FotaServerError `webhook-unknown`, `disk-full`, `data-dir-unusable` */
  remove(id: string): Promise<void>;
  /** Sends an event of the type `webhook.test` once, whether it is on or off. @throws FotaServerError `webhook-unknown` */
  test(id: string): Promise<Delivery>;
  /** The last 100 tries, the newest first. @throws FotaServerError `webhook-unknown` */
  deliveries(id: string): Promise<readonly Delivery[]>;
  /** Delivers from now on. */
  start(): void;
  /** Ends what is under way, which is delivered again another time. */
  close(): Promise<void>;
}

export interface WebhookPorts {
  readonly store: WebhookStore;
  readonly sender: WebhookSender;
  readonly events: Events;
  readonly now: Now;
  readonly later: Later;
  /** So many bytes that nobody can guess. */
  readonly random: (bytes: number) => Uint8Array;
  /** The HMAC-SHA256 of a text in lower-case hex. */
  readonly hmac: (secret: string, text: string) => string;
  /** An event as JSON. */
  readonly render: (event: StoredEvent) => string;
  /** @throws FotaServerError `project-unknown` */
  readonly checkProject: (name: string) => unknown;
  readonly onProblem: (problem: unknown) => void;
}

const MOST_WEBHOOKS = 50;

export async function openWebhooks(ports: WebhookPorts): Promise<Webhooks> {
  const { store, sender, events, now, later, random, hmac, render, checkProject, onProblem } = ports;
  const lines = new Map<string, Line>();
  let leave: (() => void) | undefined;

  const send = ({ id, secret, settings }: StoredWebhook, event: StoredEvent, attempt: number): Promise<Sending> => {
    const body = render(event);
    // Each try has a time of its own: a receiver refuses what is old.
    const time = Math.floor(now() / 1_000);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'fota',
      'fota-webhook-id': id,
      'fota-event-id': String(event.id),
      'fota-event-type': event.type,
      'fota-attempt': String(attempt),
      'fota-signature': `t=${time},v1=${hmac(secret, `${time}.${body}`)}`,
    };
    return sender.send({ url: settings.url, isPrivate: settings.isPrivate, headers, body });
  };

  /** Nobody is told the path of a URL, which may be a secret. */
  const onOff = ({ id, progress: { reason } }: StoredWebhook): void =>
    onProblem(new FotaServerError('webhook-failed', `the webhook ${id} is switched off: ${reason}`));

  const luck = (): number => (random(1)[0] ?? 0) / 255;
  const linePorts = { store, events, send, now, later, luck, onOff, onProblem };
  const add = (webhook: StoredWebhook): void => {
    lines.set(webhook.id, createLine(webhook, linePorts));
  };
  for (const webhook of await store.webhooks()) add(webhook);

  const lineOf = (id: string): Line => {
    const found = lines.get(id);
    if (found !== undefined) return found;
    throw new FotaServerError('webhook-unknown', `no webhook has the id "${id.slice(0, 64)}"`);
  };

  const wake = (line: Line): void => {
    if (leave !== undefined) line.wake();
  };

  const checked = (settings: WebhookSettings): WebhookSettings => {
    sender.check(settings.url, settings.isPrivate);
    for (const project of settings.filter.projects ?? []) checkProject(project);
    return settings;
  };

  const change = async (id: string, changed: (before: StoredWebhook) => StoredWebhook): Promise<StoredWebhook> => {
    const line = lineOf(id);
    const next = changed(line.webhook);
    await store.keep(next);
    line.become(next);
    wake(line);
    return next;
  };

  return {
    list: () => [...lines.values()].map(({ webhook }) => bare(webhook)),
    webhook: (id) => bare(lineOf(id).webhook),

    async create(settings) {
      if (lines.size >= MOST_WEBHOOKS) throw new FotaServerError('webhooks-full', `there are ${lines.size} webhooks`);
      const progress = { isOn: true, reason: undefined, place: events.newest(), tries: 0, nextAt: 0 };
      const id = letters(8, random);
      const webhook = { id, secret: newSecret(random), createdAt: now(), settings: checked(settings), progress };
      await store.keep(webhook);
      add(webhook);
      wake(lineOf(id));
      return webhook;
    },

    update: async (id, settings) =>
      bare(
        await change(id, (before) => ({
          ...before,
          settings: checked({ ...before.settings, ...settings }),
          // Whatever kept the old receiver from taking it says nothing about this one.
          progress: { ...before.progress, tries: 0, nextAt: 0 },
        })),
      ),

    renew: (id) => change(id, (before) => ({ ...before, secret: newSecret(random) })),

    turn: async (id, to) =>
      bare(
        await change(id, (before) => {
          const place = to === 'on-from-now' ? events.newest() : before.progress.place;
          return { ...before, progress: { isOn: to !== 'off', reason: undefined, place, tries: 0, nextAt: 0 } };
        }),
      ),

    async remove(id) {
      const line = lineOf(id);
      await store.remove(id);
      lines.delete(id);
      // What is under way ends when it ends, and is noted nowhere.
      void line.end();
    },

    async test(id) {
      const { webhook } = lineOf(id);
      const [at, type] = [now(), 'webhook.test' as const];
      const event = { id: 0, at, type, project: undefined, data: {} };
      const sending = await send(webhook, event, 1);
      const delivery = { ...sending, at, event: 0, type, attempt: 1, ms: now() - at };
      await store.note(id, undefined, delivery);
      return delivery;
    },

    async deliveries(id) {
      lineOf(id);
      return store.deliveries(id);
    },

    start() {
      leave ??= events.watch(() => {
        for (const line of lines.values()) line.wake();
      });
      for (const line of lines.values()) line.wake();
    },

    async close() {
      leave?.();
      leave = undefined;
      const ended = [...lines.values()].map((line) => line.end());
      sender.close();
      await Promise.all(ended);
      for (const { webhook } of lines.values()) await store.note(webhook.id, webhook.progress, undefined);
    },
  };
}

function bare({ secret: _, ...webhook }: StoredWebhook): Webhook {
  return webhook;
}

/** 40 of 62 letters are 238 bits. */
function newSecret(random: WebhookPorts['random']): string {
  return `whsec_${letters(40, random)}`;
}
