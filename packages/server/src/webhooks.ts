import { createHmac, randomBytes } from 'node:crypto';
import { createSender } from './adapters/webhook/sender.ts';
import { eventView } from './http/admin/views.ts';
import { openWebhooks, type WebhookPorts, type Webhooks } from './usecases/webhooks.ts';

/** Webhooks with what they need of Node and the network. A part of the composition root. */
export function openSendingWebhooks(
  ports: Pick<WebhookPorts, 'store' | 'events' | 'now' | 'later' | 'checkProject' | 'onProblem'>,
): Promise<Webhooks> {
  return openWebhooks({
    ...ports,
    sender: createSender(),
    random: randomBytes,
    hmac: (secret, text) => createHmac('sha256', secret).update(text).digest('hex'),
    render: (event) => JSON.stringify(eventView(event)),
  });
}
