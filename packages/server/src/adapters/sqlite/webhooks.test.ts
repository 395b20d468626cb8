import { join } from 'node:path';
import { describe, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { testWebhookStore } from '../../../test/suites/webhook-store.ts';
import type { WebhookStore } from '../../ports/webhooks.ts';
import { openSqliteStore } from './store.ts';

const folder = folders(onTestFinished);

async function opened(path: string): Promise<WebhookStore> {
  const { webhooks, close } = await openSqliteStore(path);
  onTestFinished(close);
  return webhooks;
}

describe('webhooks in SQLite', () =>
  testWebhookStore(async () => {
    const path = join(await folder(), 'fota.db');
    return { store: await opened(path), reopened: () => opened(path) };
  }));
