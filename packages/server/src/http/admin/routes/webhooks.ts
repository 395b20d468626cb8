import { Type } from 'typebox';
import { eventTypes } from '../../../domain/event.ts';
import type { WebhookSettings } from '../../../domain/webhook.ts';
import type { Delivery } from '../../../ports/webhooks.ts';
import type { Webhook, Webhooks } from '../../../usecases/webhooks.ts';
import { changes, reads } from '../access.ts';
import { type App, answers, empties, makes, name, pageOf } from '../route.ts';
import { closed, oneOf } from '../shape.ts';
import { iso, known } from '../views.ts';
import type { ApiDelivery, ApiWebhook } from '../webhook-api.ts';
import { deliverySchema, newWebhookSchema, webhookSchema } from '../webhook-schemas.ts';

const page = pageOf('WebhookPage', webhookSchema);
const deliveryPage = pageOf('DeliveryPage', deliverySchema);
const params = Type.Object({ webhook: name('id of the webhook') }, closed);
const DISK = ['disk-full', 'data-dir-unusable'] as const;
const WRONG = ['webhook-url-invalid', 'webhook-address-refused', 'project-unknown'] as const;
const target = 'params.webhook';

const url = Type.String({
  maxLength: 2_048,
  description: 'https; http only to a private network. No redirect is followed',
});
const types = Type.Array(oneOf(eventTypes(), 'a type, or a family of types such as rollout'), {
  minItems: 1,
  maxItems: 100,
  description: 'only of these types or families of types',
});
const projects = Type.Array(name('name of a project'), {
  minItems: 1,
  maxItems: 100,
  description: 'only of these projects, and of the whole server',
});
const isPrivate = Type.Boolean({
  description: 'the receiver may lie on the machine of the server, or in a private network',
});

export function webhookRoutes(app: App, webhooks: Webhooks): void {
  const tags = ['webhooks'];
  for (const schema of [webhookSchema, newWebhookSchema, deliverySchema, page, deliveryPage]) app.addSchema(schema);

  app.get(
    '/webhooks',
    {
      config: reads('admin', 'server'),
      schema: { tags, summary: 'List webhooks', ...answers('Webhooks', page) },
    },
    async () => ({ items: webhooks.list().map(webhookView) }),
  );

  app.post(
    '/webhooks',
    {
      config: changes('admin', 'server', {
        action: 'webhook.create',
        made: 'id',
        details: ['types', 'projects', 'private'],
      }),
      schema: {
        tags,
        summary: 'Send events to a receiver, from now on',
        description: 'docs/events.md says what is sent, and how to verify it. The secret is shown this once.',
        body: Type.Object(
          { url, types: Type.Optional(types), projects: Type.Optional(projects), private: Type.Optional(isPrivate) },
          { ...closed, examples: [{ url: 'http://127.0.0.1:9/fota', types: ['rollout', 'problem'], private: true }] },
        ),
        ...makes('The webhook', newWebhookSchema, [...WRONG, 'webhooks-full', ...DISK]),
      },
    },
    async ({ body }, reply) => {
      const filter = { types: body.types, projects: body.projects };
      const made = await webhooks.create({ url: body.url, filter, isPrivate: body.private ?? false });
      reply.code(201);
      return { ...webhookView(made), secret: made.secret };
    },
  );

  app.get(
    '/webhooks/:webhook',
    {
      config: reads('admin', 'server'),
      schema: {
        tags,
        summary: 'Show a webhook',
        params,
        ...answers('The webhook', webhookSchema, ['webhook-unknown']),
      },
    },
    async ({ params }) => webhookView(webhooks.webhook(params.webhook)),
  );

  app.patch(
    '/webhooks/:webhook',
    {
      config: changes('admin', 'server', {
        action: 'webhook.update',
        target,
        details: ['types', 'projects', 'private'],
      }),
      schema: {
        tags,
        summary: 'Change a webhook',
        description: 'What is left out stays as it was; null is all.',
        params,
        body: Type.Object(
          {
            url: Type.Optional(url),
            types: Type.Optional(Type.Union([types, Type.Null()])),
            projects: Type.Optional(Type.Union([projects, Type.Null()])),
            private: Type.Optional(isPrivate),
          },
          { ...closed, examples: [{ types: ['problem'] }] },
        ),
        ...answers('The webhook', webhookSchema, ['webhook-unknown', ...WRONG, ...DISK]),
      },
    },
    async ({ params: { webhook: id }, body }) => {
      const before = webhooks.webhook(id).settings;
      const settings: WebhookSettings = {
        url: body.url ?? before.url,
        filter: {
          types: body.types === undefined ? before.filter.types : (body.types ?? undefined),
          projects: body.projects === undefined ? before.filter.projects : (body.projects ?? undefined),
        },
        isPrivate: body.private ?? before.isPrivate,
      };
      return webhookView(await webhooks.update(id, settings));
    },
  );

  app.delete(
    '/webhooks/:webhook',
    {
      config: changes('admin', 'server', { action: 'webhook.remove', target }),
      schema: {
        tags,
        summary: 'Send a receiver nothing more, and forget it',
        params,
        ...empties('It is gone', ['webhook-unknown', ...DISK]),
      },
    },
    async ({ params }, reply) => {
      await webhooks.remove(params.webhook);
      return reply.code(204).send();
    },
  );

  app.post(
    '/webhooks/:webhook/enable',
    {
      config: changes('admin', 'server', { action: 'webhook.enable', target, details: ['skip'] }),
      schema: {
        tags,
        summary: 'Switch a webhook on',
        params,
        body: Type.Object(
          {
            skip: Type.Optional(Type.Boolean({ description: 'leave out what happened meanwhile', default: false })),
          },
          { ...closed, examples: [{}] },
        ),
        ...answers('The webhook', webhookSchema, ['webhook-unknown', ...DISK]),
      },
    },
    async ({ params, body }) =>
      webhookView(await webhooks.turn(params.webhook, body.skip === true ? 'on-from-now' : 'on')),
  );

  app.post(
    '/webhooks/:webhook/disable',
    {
      config: changes('admin', 'server', { action: 'webhook.disable', target }),
      schema: {
        tags,
        summary: 'Switch a webhook off',
        params,
        ...answers('The webhook', webhookSchema, ['webhook-unknown', ...DISK]),
      },
    },
    async ({ params }) => webhookView(await webhooks.turn(params.webhook, 'off')),
  );

  app.post(
    '/webhooks/:webhook/secret',
    {
      config: changes('admin', 'server', { action: 'webhook.renew-secret', target }),
      schema: {
        tags,
        summary: 'Make another secret; it is shown this once, and signs what is sent from now on',
        params,
        ...makes('The webhook', newWebhookSchema, ['webhook-unknown', ...DISK]),
      },
    },
    async ({ params }, reply) => {
      const renewed = await webhooks.renew(params.webhook);
      reply.code(201);
      return { ...webhookView(renewed), secret: renewed.secret };
    },
  );

  app.post(
    '/webhooks/:webhook/test',
    {
      config: changes('admin', 'server', { action: 'webhook.test', target }),
      schema: {
        tags,
        summary: 'Send the receiver an event of the type webhook.test, and say what it answered',
        params,
        ...answers('What came of it', deliverySchema, ['webhook-unknown', ...DISK]),
      },
    },
    async ({ params }) => deliveryView(await webhooks.test(params.webhook)),
  );

  app.get(
    '/webhooks/:webhook/deliveries',
    {
      config: reads('admin', 'server'),
      schema: {
        tags,
        summary: 'Show the last 100 tries of a webhook, the newest first',
        params,
        ...answers('Deliveries', deliveryPage, ['webhook-unknown']),
      },
    },
    async ({ params }) => ({ items: (await webhooks.deliveries(params.webhook)).map(deliveryView) }),
  );
}

function webhookView({ id, createdAt, settings, progress }: Webhook): ApiWebhook {
  const { url, filter, isPrivate } = settings;
  const { isOn, reason, place, tries, nextAt } = progress;
  const nextTryAt = nextAt === 0 ? undefined : iso(nextAt);
  const { types, projects } = filter;
  return known({
    id,
    url,
    types,
    projects,
    private: isPrivate,
    isOn,
    reason,
    place,
    tries,
    nextTryAt,
    createdAt: iso(createdAt),
  });
}

function deliveryView({ at, ...rest }: Delivery): ApiDelivery {
  return known({ at: iso(at), ...rest });
}
