/** The way in to a running agent, for whoever may write its folder. */
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../failure.ts';
import { eachLine } from './lines.ts';
import type { AgentReport } from './status-file.ts';

/** What the agent may be asked to do. */
export type Order = { readonly do: 'check' } | { readonly do: 'install'; readonly file: string };

/** What it answers, a line of JSON each: how it is, and in the end what came of it. */
export type Reply =
  | { readonly now: AgentReport }
  | { readonly done: AgentReport; readonly outcome?: Told | undefined }
  | { readonly error: Failure };

/** How an installation ended. */
export interface Told {
  readonly code: string;
  readonly message: string;
}

export interface OrderServer {
  /** Where it listens. */
  readonly path: string;
  /** Shows those who wait how the agent is. */
  show(report: AgentReport): void;
  close(): Promise<void>;
}

const NAME = 'agent.sock';
/** Characters of an order or a reply: paths and messages are shorter. */
export const MESSAGE_LIMIT = 65_536;
/** Bytes of a socket's path that every system takes. */
const LONGEST = 103;

/** `obey` does what is asked, one after the other or at once as it likes, and never rejects. */
export async function serveOrders(dir: string, obey: (order: Order) => Promise<Reply>): Promise<OrderServer> {
  const open = new Set<Socket>();
  /** Of them those whose order is being obeyed. */
  const waiting = new Set<Socket>();
  const say = (socket: Socket, reply: Reply): void => {
    if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
  };
  const server = createServer((socket) => {
    // Whoever leaves early wants no answer; what was asked goes on.
    socket.on('error', () => socket.destroy());
    open.add(socket);
    socket.on('close', () => {
      open.delete(socket);
      waiting.delete(socket);
    });
    let isAsked = false;
    const heard = (line: string): void => {
      const order = isAsked ? undefined : orderIn(line);
      isAsked = true;
      if (order === undefined) return void socket.destroy();
      waiting.add(socket);
      void obey(order).then((reply) => {
        waiting.delete(socket);
        say(socket, reply);
        socket.end();
      });
    };
    eachLine(socket, heard, MESSAGE_LIMIT);
  });
  const place = await listen(server, dir);
  return {
    path: place.path,
    show(report) {
      for (const socket of waiting) say(socket, { now: report });
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroySoon();
      await closed;
      await place.remove();
    },
  };
}

interface Place {
  readonly path: string;
  remove(): Promise<void>;
}

/** Between listening and `chmod` anybody might come in: that moment is spent where only this user can enter. */
async function listen(server: ReturnType<typeof createServer>, dir: string): Promise<Place> {
  const wanted = join(dir, NAME);
  const isShort = Buffer.byteLength(join(dir, '.new-XXXXXX', NAME)) <= LONGEST;
  const room = await mkdtemp(isShort ? join(dir, '.new-') : join(tmpdir(), 'fota-agent-'));
  const made = join(room, NAME);
  const clear = (): Promise<void> => rm(room, { recursive: true, force: true });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(made, resolve);
    });
    await chmod(made, 0o600);
    if (!isShort) return { path: made, remove: clear };
    await rename(made, wanted);
  } catch (error) {
    server.close();
    await clear();
    throw error;
  }
  await clear();
  return { path: wanted, remove: () => rm(wanted, { force: true }) };
}

function orderIn(line: string): Order | undefined {
  try {
    const order = JSON.parse(line) as Partial<{ readonly do: unknown; readonly file: unknown }>;
    if (order.do === 'check') return { do: 'check' };
    return order.do === 'install' && typeof order.file === 'string' ? { do: 'install', file: order.file } : undefined;
  } catch {
    return undefined;
  }
}
