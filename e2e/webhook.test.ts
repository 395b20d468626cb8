import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { type Desk, makeDesk, serve } from './support/cli.ts';
import { start } from './support/programs.ts';
import { freePort } from './support/servers.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

const example = fileURLToPath(new URL('../examples/servers/webhook.mjs', import.meta.url));

it('the documented receiver takes what is signed, and nothing else', { timeout: 60_000 }, async () => {
  const page = await readFile(new URL('../docs/events.md', import.meta.url), 'utf8');
  expect(page).toContain(`\`\`\`js\n${await readFile(example, 'utf8')}\`\`\``);

  await serve(desk);
  await desk.json('project', 'create', 'tracker');
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}/`;
  const { id, secret } = await desk.json<{ id: string; secret: string }>('webhook', 'add', url, '--private');
  const env = { FOTA_WEBHOOK_SECRET: secret, PORT: port };
  const receiver = start(process.execPath, [example], { cwd: desk.dir, env });
  onTestFinished(() => receiver.stop());
  await receiver.says(/Listening/);
  expect((await desk.fota(['webhook', 'test', id])).code).toBe(0);
  await receiver.says(/event 0: webhook\.test \{\}\n/);
  await desk.json('device', 'block', '861');
  await receiver.says(/event 1: device\.access \{"device":"861","access":"blocked"\}\n/);

  const forged = { id: 2, type: 'stop.off', data: {} };
  const headers = { 'fota-signature': `t=${Math.floor(Date.now() / 1_000)},v1=${'0'.repeat(64)}` };
  expect((await fetch(url, { method: 'POST', body: JSON.stringify(forged), headers })).status).toBe(401);
  expect(receiver.output()).not.toContain('stop.off');
});
