/** `fota agent`: everything that runs from its start to its end, wired together. */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStatus } from 'libfota2/agent';
import { applicationSlots, launcherPath } from 'libfota2/slots';
import type { Invocation } from '../commands/command.ts';
import { CommandError, failureOf } from '../failure.ts';
import { createOut } from '../output/out.ts';
import { type Application, keepRunning } from './application.ts';
import { type AgentConfig, placeDir, readAgentFile } from './config.ts';
import { lockPlace } from './lock.ts';
import { createLog, type Level, type Tell } from './log.ts';
import { createNotifier, type Notifier } from './notify.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { type Running, reloaded } from './reload.ts';
import { openSession, type Session } from './session.ts';
import { type Order, type OrderServer, type Reply, serveOrders } from './socket.ts';

/** Milliseconds until a session that could not be opened is tried again. */
const AGAIN_MS = 30_000;
/** What the launcher says to whom it starts; of an agent that was started so it would be said to others. */
const LAUNCHED = ['FOTA_DIR', 'FOTA_SLOT'] as const;

/**
 * Runs the agent until Ctrl-C or SIGTERM.
 * @throws CommandError `config-…`, `agent-running`, `file-unreadable`, `file-unwritable`
 */
export async function runAgent(invocation: Invocation, file: string): Promise<void> {
  for (const name of LAUNCHED) Reflect.deleteProperty(process.env, name);
  const config = readAgentFile(file);
  const dir = placeDir(config);
  await mkdir(dir, { recursive: true }).catch((error: Error) => {
    throw new CommandError('file-unwritable', `${dir} cannot be made: ${error.message}`, { cause: error });
  });
  const { 'log.format': format, 'log.level': level } = config.values;
  const isJson =
    invocation.out.isJson || (format === undefined ? invocation.world.stdout.isTTY !== true : format === 'json');
  const levels = { least: level };
  const tell = createLog(createOut(invocation.world, isJson), () => levels.least, invocation.world.now);
  const lock = await lockPlace(dir, (why) => tell('warn', 'place-unwritable', why));
  try {
    await live(invocation, config, tell, levels);
  } finally {
    await lock.release();
  }
}

async function live(
  { world, signal, onHangup }: Invocation,
  first: AgentConfig,
  tell: Tell,
  levels: { least: Level },
): Promise<void> {
  const ended = signal();
  const { now } = world;
  const notifier = createNotifier(world.env, tell);
  let running: Running | undefined;
  const obey = (order: Order): Promise<Reply> => obeyed(order, running?.session, publisher);
  const orders = await openOrders(placeDir(first), obey, tell);
  const publisher = createPublisher(first, { orders, notifier, tell, now });
  const application = applicationOf(first, tell, now, () => publisher.publish(undefined, application?.state));
  const open = (config: AgentConfig): Promise<Session> => {
    const onStatus = (status: AgentStatus): void => publisher.publish(status, application?.state);
    return openSession(config, { tell, now, application, onStatus });
  };
  let reloading: Promise<void> = Promise.resolve();
  const reload = async (): Promise<void> => {
    if (running === undefined || ended.aborted) return;
    notifier.reloading();
    running = await reloaded(running, open, tell);
    levels.least = running.config.values['log.level'];
    notifier.ready();
  };
  // At a terminal it says that the terminal is gone.
  if (world.stdout.isTTY !== true) {
    onHangup(() => {
      reloading = reloading.then(reload);
    });
  }
  try {
    // First, and by the launcher alone: what lies here runs, whatever else does not work.
    await application?.start();
    const session = await openedAtLast(() => open(first), application && [tell, notifier], ended);
    if (session !== undefined) {
      running = { config: first, session };
      session.start();
      publisher.publish(session.status, application?.state);
      await publisher.flush();
      notifier.ready();
      tell('info', 'started', `the agent keeps ${placeDir(first)} up to date`, { config: first.file });
    }
    if (!ended.aborted) await once(ended, 'abort');
  } finally {
    tell('info', 'stopping', 'the agent ends');
    await notifier.stopping();
    await reloading;
    await running?.session.stop();
    await application?.stop();
    await orders?.close();
    await publisher.flush();
  }
  tell('info', 'stopped', 'the agent has ended');
}

/**
 * What is missing may come back, and the application runs meanwhile: with `around` that is told, and tried again.
 * @throws CommandError `file-unreadable` where no application runs
 */
async function openedAtLast(
  open: () => Promise<Session>,
  around: readonly [tell: Tell, notifier: Notifier] | undefined,
  ended: AbortSignal,
): Promise<Session | undefined> {
  while (!ended.aborted) {
    try {
      return await open();
    } catch (error) {
      if (around === undefined) throw error;
      const [tell, notifier] = around;
      const { code, message } = failureOf(error);
      tell('error', 'not-kept', `the application runs, and is not kept up to date: ${message}`, { code });
      notifier.ready();
    }
    await sleep(AGAIN_MS, undefined, { signal: ended }).catch(() => undefined);
  }
  return undefined;
}

function applicationOf(
  config: AgentConfig,
  tell: Tell,
  now: () => number,
  onChange: () => void,
): Application | undefined {
  const { 'run.command': command, 'run.stop-within': stopWithinMs } = config.values;
  if (command === undefined) return undefined;
  const dir = placeDir(config);
  const slots = applicationSlots(dir);
  const isInstalled = async (): Promise<boolean> => (await slots.state()).run !== undefined;
  const fellIn = async (): Promise<string | undefined> => (await slots.state()).fell;
  return keepRunning({ dir, launcher: launcherPath, command, stopWithinMs, fellIn, isInstalled, tell, onChange, now });
}

/** A place without sockets has no way in, and is kept up to date all the same. */
async function openOrders(
  dir: string,
  obey: (order: Order) => Promise<Reply>,
  tell: Tell,
): Promise<OrderServer | undefined> {
  try {
    return await serveOrders(dir, obey);
  } catch (error) {
    tell('warn', 'socket-missing', `fota agent check and install do not reach this agent: ${(error as Error).message}`);
    return undefined;
  }
}

async function obeyed(order: Order, session: Session | undefined, publisher: Publisher): Promise<Reply> {
  try {
    if (session === undefined) throw new CommandError('agent-busy', 'the agent is just starting');
    const outcome = order.do === 'check' ? await session.check() : await session.install(order.file);
    return { done: publisher.report(session.status), ...(outcome && { outcome }) };
  } catch (error) {
    const { code, message, remedy } = failureOf(error);
    return { error: { code, message, remedy } };
  }
}
