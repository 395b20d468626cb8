/** The engine at work by one configuration. A reload ends one session and begins the next. */
import { type Agent, type AgentStatus, createAgent, fileTransport, type Release } from 'libfota2/agent';
import { CommandError } from '../failure.ts';
import type { AgentConfig } from './config.ts';
import { type Offline, watchFolder } from './offline.ts';
import { type Around, optionsOf } from './options.ts';
import { placeOf } from './place.ts';
import type { Told } from './socket.ts';

export interface Session {
  readonly status: AgentStatus;
  /** Goes on with what was left, then asks by the schedule, and looks into the folder. */
  start(): void;
  /** Asks the server now; resolves when nothing is left to do for the moment. */
  check(): Promise<void>;
  /** Installs from a file, because somebody who is here wants it. */
  install(file: string): Promise<Told>;
  /** Ends what is under way; what came is kept. */
  stop(): Promise<void>;
}

/** How an offer from the folder ended, by whether it may end otherwise later. */
const END = { downloaded: 'taken', retryable: 'failed', final: 'refused' } as const;

/** @throws CommandError `file-unreadable` */
export async function openSession(
  config: AgentConfig,
  given: Omit<Around, 'place' | 'signal' | 'onStatus'> & { readonly onStatus: (status: AgentStatus) => void },
): Promise<Session> {
  const ended = new AbortController();
  const place = placeOf(config, given.tell);
  let offline: Offline | undefined;
  /** What the folder brings and nobody consents to yet. */
  let wait: AgentStatus['wait'];
  let checkedMs: number | undefined;
  const whole = (status: AgentStatus): AgentStatus => ({ ...status, wait: status.wait ?? wait });
  const onStatus = (status: AgentStatus): void => {
    const atMs = status.lastCheck?.atMs;
    if (atMs !== checkedMs) offline?.again();
    checkedMs = atMs;
    given.onStatus(whole(status));
  };
  const options = await optionsOf(config, { ...given, place, signal: ended.signal, onStatus });
  const agent: Agent = createAgent(options);
  const from = (file: string) => ({ transport: fileTransport(file), url: addressOf(file), isConsented: true });

  /** Asked here and not by the engine, which would go on with the server's release when the wait is over. */
  const mayTake = async (file: string, release: Release): Promise<boolean> => {
    const consent = (await options.mayInstall?.(release)) ?? true;
    const before = wait?.reason;
    wait = consent === true ? undefined : { reason: consent.reason, untilMs: given.now() + consent.forMs };
    if (wait !== undefined && wait.reason !== before)
      given.tell('info', 'waiting', `${file}: ${wait.reason}`, { file });
    if (wait?.reason !== before) given.onStatus(whole(agent.status));
    return wait === undefined;
  };
  const look = (folder: string): Offline =>
    watchFolder({
      folder,
      firmware: config.values.firmware,
      core: config.values.core,
      everyMs: config.values['offline.every'],
      version: options.version,
      fell: async () => (await place.standing()).fell,
      tell: given.tell,
      async offer(file, { version, size, sha256 }) {
        if (!(await mayTake(file, { version, size, sha256 }))) return 'later';
        given.tell('info', 'offline', `${file} has ${version}`, { file, version });
        const outcome = await agent.install(from(file)).catch(() => undefined);
        if (outcome === undefined) return 'later';
        given.tell('info', 'offline', `${file}: ${outcome.message}`, { file, code: codeOf(outcome) });
        if (outcome.kind === 'downloaded') return END.downloaded;
        return outcome.kind === 'failed' && outcome.retryable ? END.retryable : END.final;
      },
    });
  return {
    get status() {
      return whole(agent.status);
    },
    start() {
      agent.start();
      const folder = config.values['offline.folder'];
      if (folder !== undefined) offline = look(folder);
    },
    check: () => agent.checkNow(),
    async install(file) {
      const outcome = await agent.install(from(file)).catch((error: unknown) => {
        throw ended.signal.aborted
          ? new CommandError('agent-not-running', 'the agent ended before it was done')
          : error;
      });
      return { code: codeOf(outcome), message: outcome.message };
    },
    async stop() {
      ended.abort(new Error('The agent was stopped.'));
      await agent.stop();
      await offline?.stop();
    },
  };
}

function codeOf(outcome: Awaited<ReturnType<Agent['install']>>): string {
  return outcome.kind === 'available' ? outcome.kind : outcome.code;
}

/** A file as if it were asked for over the network: where each has notes of its own, no two are mixed up. */
function addressOf(file: string): string {
  return `http://file.localhost${file.split('/').map(encodeURIComponent).join('/')}`;
}
