/** The shapes of webhooks and their deliveries. */
import { type TUnsafe, Type } from 'typebox';
import { closed, count, secret, shape, text, time } from './shape.ts';
import type { ApiDelivery, ApiNewWebhook, ApiWebhook } from './webhook-api.ts';

const parts = {
  id: Type.String(),
  url: text('where events are sent to'),
  types: Type.Optional(Type.Array(Type.String(), { description: 'only of these types or families; left out: all' })),
  projects: Type.Optional(
    Type.Array(Type.String(), { description: 'only of these projects, and of the whole server; left out: all' }),
  ),
  private: Type.Boolean({ description: 'the receiver may lie on the machine of the server, or in a private network' }),
  isOn: Type.Boolean({ description: 'events are sent' }),
  reason: Type.Optional(text('why it was switched off, where no operator did')),
  place: count('number of the last event that was taken, or was none of its'),
  tries: count('of the next event, in vain'),
  nextTryAt: Type.Optional(time('when it is tried again')),
  createdAt: time('when it was made'),
};

export const webhookSchema: TUnsafe<ApiWebhook> = shape<ApiWebhook>()('Webhook', Type.Object(parts, closed));

export const newWebhookSchema: TUnsafe<ApiNewWebhook> = shape<ApiNewWebhook>()(
  'NewWebhook',
  Type.Object({ ...parts, secret: secret('signs what is sent; shown this once', 'whsec_…') }, closed),
);

export const deliverySchema: TUnsafe<ApiDelivery> = shape<ApiDelivery>()(
  'Delivery',
  Type.Object(
    {
      at: time('when it was sent'),
      event: count('number of the event; 0: a test'),
      type: text('of the event'),
      attempt: count('which try of the event it was, from 1 on'),
      status: Type.Optional(count('HTTP status of the answer; 200 to 299: it was taken')),
      problem: Type.Optional(text('why there was no answer, or what is wrong with it')),
      ms: count('milliseconds that it took'),
    },
    closed,
  ),
);
