import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { bin } from './cli.ts';

const PATIENCE_MS = 60_000;
/** What neither may ever say: the launcher that it has nothing to start, an application that it is not complete. */
const BROKEN = /damaged|no boot record|Cannot find module|journal-damaged/;

/** Keeps an agent running, as a supervisor would, and kills it or its application at random moments. */
export class AgentKiller {
  kills = 0;
  /** Of these, those of the application. */
  ofApplication = 0;
  starts = 0;
  readonly #config: string;
  readonly #port: number;
  readonly #random: () => number;
  readonly #env: Readonly<Record<string, string>>;
  #agent: ChildProcess | undefined;
  #said = '';
  /** How much had been said when the present agent was started. */
  #before = 0;

  /** @param env for the application */
  constructor(config: string, port: number, random: () => number, env: Readonly<Record<string, string>>) {
    this.#config = config;
    this.#port = port;
    this.#random = random;
    this.#env = env;
  }

  /** The end of what all of them said. */
  get story(): string {
    return this.#said.slice(-6_000);
  }

  start(): void {
    this.starts += 1;
    this.#before = this.#said.length;
    const agent = spawn(process.execPath, [bin, 'agent', '--config', this.#config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...this.#env },
    });
    this.#agent = agent;
    for (const stream of [agent.stdout, agent.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
  }

  /** SIGKILL to one of the two; the agent is started again, which starts its application. */
  async kill(): Promise<void> {
    const pid = this.#random() < 0.4 ? this.#applicationPid() : undefined;
    if (pid === undefined) {
      await this.end();
      this.start();
    } else {
      try {
        process.kill(pid, 'SIGKILL');
        this.ofApplication += 1;
      } catch {
        return;
      }
    }
    this.kills += 1;
  }

  async end(): Promise<void> {
    const agent = this.#agent;
    if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
    const gone = once(agent, 'exit');
    agent.kill('SIGKILL');
    await gone;
  }

  /** The present agent has ended what the one before had left, and goes on. */
  isUp(): boolean {
    return this.#said.slice(this.#before).includes('up to date');
  }

  /** The agent ends in order, and its application with it. */
  async stop(): Promise<void> {
    const agent = this.#agent;
    if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
    const gone = once(agent, 'exit');
    agent.kill('SIGTERM');
    await gone;
  }

  /** What the application answers; `undefined` where none does. */
  async version(): Promise<string | undefined> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#port}/`, { signal: AbortSignal.timeout(2_000) });
      return await answer.text();
    } catch {
      return undefined;
    }
  }

  /** Until this holds. @throws Error with the end of the story where it never does, or something is broken */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const started = performance.now(); !(await holds()); ) {
      if (BROKEN.test(this.#said)) throw new Error(`broken: ${this.story}`);
      if (performance.now() - started > PATIENCE_MS) throw new Error(`in vain for ${what}: ${this.story}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** By what it said last of it. */
  #applicationPid(): number | undefined {
    const pid = [...this.#said.matchAll(/runs as process (\d+)/g)].at(-1)?.[1];
    return pid === undefined ? undefined : Number(pid);
  }
}
