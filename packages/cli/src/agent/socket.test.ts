import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { CommandError } from '../failure.ts';
import { askAgent } from './ask.ts';
import { type Order, type Reply, serveOrders } from './socket.ts';
import type { AgentReport } from './status-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fota-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
});

const report = (stage: AgentReport['stage']): AgentReport => ({
  format: 1,
  agent: { pid: 1, start: '', config: '/c' },
  at: '',
  stage,
  since: '',
});
const never = new AbortController().signal;

async function serve(folder: string, obey: (order: Order) => Promise<Reply>) {
  const server = await serveOrders(folder, obey);
  onTestFinished(() => server.close());
  return server;
}

it('takes orders from this user alone, shows how it goes, and tells what came of it', async () => {
  let end: (reply: Reply) => void = () => undefined;
  let asked: Order | undefined;
  const server = await serve(dir, (order) => {
    asked = order;
    return new Promise((resolve) => {
      end = resolve;
    });
  });
  expect((await stat(server.path)).mode & 0o777).toBe(0o600);
  expect(await readdir(dir)).toEqual(['agent.sock']);
  const seen: string[] = [];
  const done = askAgent(server.path, { do: 'install', file: '/x' }, ({ stage }) => seen.push(stage), never);
  await expect.poll(() => asked).toEqual({ do: 'install', file: '/x' });
  server.show(report('downloading'));
  end({ done: report('confirmed'), outcome: { code: 'downloaded', message: 'm' } });
  expect(await done).toEqual({ report: report('confirmed'), outcome: { code: 'downloaded', message: 'm' } });
  expect(seen).toEqual(['downloading']);
});

it('hands on why something was refused, and takes nothing but orders', async () => {
  const { path } = await serve(dir, async () => ({ error: { code: 'agent-busy', message: 'm', remedy: 'r' } }));
  await expect(askAgent(path, { do: 'check' }, () => undefined, never)).rejects.toMatchObject({
    code: 'agent-busy',
    remedy: 'r',
  });
  const socket = connect(path);
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await new Promise((resolve) => socket.on('close', resolve));
});

it('lies elsewhere where the path of the folder is too long for a socket', async () => {
  const long = join(dir, 'x'.repeat(100));
  await mkdir(long);
  const { path } = await serve(long, async () => ({ done: report('idle') }));
  expect(path.length).toBeLessThan(104);
  expect((await askAgent(path, { do: 'check' }, () => undefined, never)).report.stage).toBe('idle');
});

it('ends with its agent, whoever has come in and asks nothing', async () => {
  const server = await serveOrders(dir, async () => ({ done: report('idle') }));
  const idle = connect(server.path);
  await new Promise((resolve) => idle.on('connect', resolve));
  const ended = new Promise((resolve) => idle.on('close', resolve).resume());
  await server.close();
  await ended;
  expect(await readdir(dir)).toEqual([]);
});

it('tells also what is long', async () => {
  const message = 'x'.repeat(10_000);
  const { path } = await serve(dir, async () => ({ done: report('idle'), outcome: { code: 'c', message } }));
  expect((await askAgent(path, { do: 'check' }, () => undefined, never)).outcome).toEqual({ code: 'c', message });
});

it('an agent that is not there, or ends meanwhile, is one that does not run', async () => {
  const gone = askAgent(join(dir, 'agent.sock'), { do: 'check' }, () => undefined, never);
  await expect(gone).rejects.toMatchObject({ code: 'agent-not-running' });
  await expect(gone).rejects.toBeInstanceOf(CommandError);
});
