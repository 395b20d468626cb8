import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { launcherPath } from 'libfota2/slots';

/** Longer than a start, a question and an installation together. */
const LATEST_KILL_MS = 900;
const PATIENCE_MS = 20_000;
/** What nothing may ever say: the launcher that it has nothing to start, an application that it is not complete. */
const BROKEN = /libfota2:|damaged|ENOENT|Cannot find/;

/** One life of the application, from the launcher to its end. */
interface Life {
  readonly child: ChildProcess;
  said(): string;
  readonly ended: Promise<void>;
}

function begin(dir: string, env: Readonly<Record<string, string>>): Life {
  const child = spawn('sh', [launcherPath, dir, process.execPath, 'main.mjs'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  return { child, said: () => said, ended: once(child, 'close').then(() => undefined) };
}

/** Starts an application whenever it ended, and kills it at random moments. */
export class Supervisor {
  /** The next life is not to be killed. */
  isSpared = true;
  kills = 0;
  starts = 0;
  /** Kills of lives that had begun to ask for an upgrade. */
  asking = 0;
  readonly #dir: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #random: () => number;
  readonly #most: number;
  readonly #lives: string[] = [];
  #life: Life | undefined;

  constructor(dir: string, env: Readonly<Record<string, string>>, random: () => number, most: number) {
    this.#dir = dir;
    this.#env = env;
    this.#random = random;
    this.#most = most;
  }

  /** What all lives said. */
  get story(): string {
    return this.#lives.join(' | ');
  }

  /** Until one that runs says this. @throws Error with the whole story where that never comes, or something is broken */
  async goes(word: string): Promise<void> {
    while (!(await this.#live(word)));
  }

  /** Kills what runs. */
  async end(): Promise<void> {
    this.#life?.child.kill('SIGKILL');
    await this.#life?.ended;
    this.isSpared = true;
  }

  /** One life, to its end or to the word; whether the word was said. */
  async #live(word: string): Promise<boolean> {
    this.starts += 1;
    const life = begin(this.#dir, this.#env);
    this.#life = life;
    const isToBeKilled = !this.isSpared && this.kills < this.#most;
    const timer = isToBeKilled
      ? setTimeout(() => life.child.kill('SIGKILL'), this.#random() * LATEST_KILL_MS)
      : undefined;
    const isOver = await this.#untilOver(life, isToBeKilled ? undefined : word);
    clearTimeout(timer);
    const said = life.said();
    this.#lives.push(said.trim().replaceAll('\n', ', '));
    const isKilled = isOver && life.child.signalCode === 'SIGKILL';
    if (isKilled) this.kills += 1;
    if (isKilled && said.includes('asks')) this.asking += 1;
    // Two in a row could use up the starts of a version that is well.
    this.isSpared = isKilled;
    if (BROKEN.test(said)) throw new Error(`broken: ${this.story}`);
    return said.includes(word);
  }

  /** Resolves to `false` once the word was said. */
  async #untilOver({ ended, said }: Life, word: string | undefined): Promise<boolean> {
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    for (const started = performance.now(); !isOver; ) {
      if (word !== undefined && said().includes(word)) return false;
      if (performance.now() - started > PATIENCE_MS) throw new Error(`in vain for ${word}: ${this.story} | ${said()}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return true;
  }
}
