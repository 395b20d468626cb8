/** `fota agent`: everything that runs from its start to its end, wired together. */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { applicationSlots, launcherPath } from 'libfota2/slots';
import type { Invocation } from '../commands/command.ts';
import { CommandError, failureOf } from '../failure.ts';
import { createOut } from '../output/out.ts';
import { type Application, keepRunning } from './application.ts';
import { type AgentConfig, readAgentFile } from './config.ts';
import { lockPlace } from './lock.ts';
import { createLog, type Tell } from './log.ts';
import { createNotifier } from './notify.ts';
import { placeDir } from './place.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { openSession, type Session } from './session.ts';
import { type Order, type OrderServer, type Reply, serveOrders } from './socket.ts';

/**
 * Runs the agent until Ctrl-C or SIGTERM.
 * @throws CommandError `config-…`, `agent-running`, `file-unreadable`, `file-unwritable`
 */
export async function runAgent(invocation: Invocation, file: string): Promise<void> {
  const config = readAgentFile(file);
  const dir = placeDir(config);
  await mkdir(dir, { recursive: true }).catch((error: Error) => {
    throw new CommandError('file-unwritable', `${dir} cannot be made: ${error.message}`, { cause: error });
  });
  const lock = await lockPlace(dir);
  try {
    await live(invocation, config);
  } finally {
    await lock.release();
  }
}

async function live({ world, out, signal, onHangup }: Invocation, first: AgentConfig): Promise<void> {
  const ended = signal();
  const { now } = world;
  let config = first;
  const { 'log.format': format } = config.values;
  const isJson = out.isJson || (format === undefined ? world.stdout.isTTY !== true : format === 'json');
  const tell = createLog(createOut(world, isJson), () => config.values['log.level'], now);
  const notifier = createNotifier(world.env, tell);
  const parts: Parts = { tell, now, publisher: undefined, application: undefined };
  let session: Session | undefined;
  const obey = (order: Order): Promise<Reply> => obeyed(order, session, parts.publisher);
  const orders = await openOrders(placeDir(config), obey, tell);
  try {
    parts.publisher = createPublisher(config, { orders, notifier, tell, now });
    parts.application = applicationOf(config, parts);
    await parts.application?.start();
    session = await begin(config, parts);
    notifier.ready();
    tell('info', 'started', `the agent keeps ${placeDir(config)} up to date`, { config: config.file });

    let turn: Promise<void> = Promise.resolve();
    const reload = async (): Promise<void> => {
      notifier.reloading();
      const next = await reloaded(config, tell);
      if (next !== undefined && !ended.aborted) {
        await session?.stop();
        session = await begin(next, parts);
        config = next;
        tell('info', 'reloaded', `the configuration was read again`, { config: config.file });
      }
      notifier.ready();
    };
    // At a terminal it says that the terminal is gone.
    if (world.stdout.isTTY !== true) {
      onHangup(() => {
        turn = turn.then(reload);
      });
    }
    if (!ended.aborted) await once(ended, 'abort');
    await turn;
  } finally {
    tell('info', 'stopping', 'the agent ends');
    await notifier.stopping();
    await session?.stop();
    await parts.application?.stop();
    await orders?.close();
    await parts.publisher?.flush();
  }
  tell('info', 'stopped', 'the agent has ended');
}

/** What outlives a session. */
interface Parts {
  readonly tell: Tell;
  readonly now: () => number;
  publisher: Publisher | undefined;
  application: Application | undefined;
}

async function begin(config: AgentConfig, { tell, now, publisher, application }: Parts): Promise<Session> {
  const session = await openSession(config, {
    tell,
    now,
    application,
    onStatus: (status) => publisher?.publish(status, application?.state),
  });
  session.start();
  publisher?.publish(session.status, application?.state);
  return session;
}

function applicationOf(config: AgentConfig, parts: Parts): Application | undefined {
  const { 'run.command': command, 'run.stop-within': stopWithinMs } = config.values;
  if (command === undefined) return undefined;
  const dir = placeDir(config);
  const slots = applicationSlots(dir);
  return keepRunning({
    dir,
    launcher: launcherPath,
    command,
    stopWithinMs,
    isInstalled: async () => (await slots.state()).run !== undefined,
    tell: parts.tell,
    now: parts.now,
    onChange: () => parts.publisher?.publish(undefined, parts.application?.state),
  });
}

/** Settings that only a restart changes. */
const LASTING = ['place.kind', 'place.dir', 'run.command', 'run.stop-within', 'log.format'] as const;

async function reloaded({ file, values }: AgentConfig, tell: Tell): Promise<AgentConfig | undefined> {
  try {
    const next = readAgentFile(file);
    const changed = LASTING.filter((name) => JSON.stringify(next.values[name]) !== JSON.stringify(values[name]));
    if (changed.length > 0) {
      tell('warn', 'restart-needed', `${changed.join(', ')} changed: that needs a restart of the agent`, { changed });
    }
    const kept = Object.fromEntries(LASTING.map((name) => [name, values[name]]));
    return { ...next, values: { ...next.values, ...kept } };
  } catch (error) {
    const { code, message } = failureOf(error);
    tell('error', 'reload-refused', `the configuration stays as it was: ${message}`, { code });
    return undefined;
  }
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

async function obeyed(order: Order, session: Session | undefined, publisher: Publisher | undefined): Promise<Reply> {
  try {
    if (session === undefined) throw new CommandError('agent-busy', 'the agent is just starting');
    const outcome = order.do === 'check' ? await session.check() : await session.install(order.file);
    if (publisher === undefined) throw new CommandError('agent-busy', 'the agent is just starting');
    return { done: publisher.report(session.status), ...(outcome && { outcome }) };
  } catch (error) {
    const { code, message, remedy } = failureOf(error);
    return { error: { code, message, remedy } };
  }
}
