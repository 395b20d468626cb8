/** A device for tests of the agent: memory for a disk, a script for a server, and a place that obeys as the real ones do. */
import { parseReport, type Report } from '@libfota2/protocol';
import { FakeClock, fakeWorld, MemoryDisk, makeImage, type ScriptedAnswer, sha256Hex } from '@libfota2/testkit';
import type { Target } from 'libfota2/core';
import { createAgentOn } from '../src/core/agent/engine.ts';
import type { Life } from '../src/core/agent/lifecycle.ts';
import { createAgentMemory } from '../src/core/agent/memory.ts';
import type { Agent, AgentOptions, AgentStatus } from '../src/core/agent/options.ts';
import type { Standing, Trials } from '../src/core/trials.ts';

export const OLD: Uint8Array = makeImage(1, 1_000);
export const NEW: Uint8Array = makeImage(2, 50_000);
export const NEXT: Uint8Array = makeImage(3, 50_000);
const url = 'http://h/upgrade';

/** Its disk, what its place shows, and the server before it. It outlives its agents. */
export class Device {
  readonly clock: FakeClock;
  readonly disk = new MemoryDisk();
  readonly journal = new MemoryDisk();
  readonly reports: Report[] = [];
  readonly events: string[] = [];
  readonly stages: AgentStatus[] = [];
  /** What the server offers. */
  image: Uint8Array = NEW;
  answer: () => ScriptedAnswer | 'silence' | Error = () => ({
    body: this.image,
    headers: { etag: `"${sha256Hex(this.image)}"` },
  });
  reportAnswer: () => ScriptedAnswer | Error = () => ({ body: '{"code":0}' });
  standing: Standing = { runs: sha256Hex(OLD), isTried: false, isStarted: true, fell: undefined };
  back = sha256Hex(OLD);
  restarts = 0;
  confirmations = 0;
  marks = 0;
  questions = 0;

  constructor(clock = new FakeClock({ auto: true })) {
    this.clock = clock;
  }

  get place(): Trials {
    const { target, notebook, vault } = this.disk.place();
    const shown: Target = Object.assign(Object.create(target), target, {
      finish: async (ok: boolean) => {
        const address = await target.finish(ok);
        if (ok)
          this.standing = {
            ...this.standing,
            runs: sha256Hex(this.disk.shown ?? OLD),
            isTried: true,
            isStarted: false,
          };
        return address;
      },
    });
    return {
      target: shown,
      notebook,
      vault,
      standing: async () => this.standing,
      confirm: async () => {
        this.confirmations += 1;
        if (!this.standing.isTried) return false;
        this.standing = { ...this.standing, isTried: false, fell: undefined };
        this.back = this.standing.runs ?? '';
        return true;
      },
      markGood: async () => {
        this.marks += 1;
      },
      giveUp: async () => {
        this.standing = { runs: this.back, isTried: false, isStarted: false, fell: this.standing.runs };
        return true;
      },
    };
  }

  /** As if an agent before had come so far. */
  async remember(life: Life): Promise<void> {
    const memory = createAgentMemory(this.journal.place().vault, fakeWorld(() => 'silence').hash);
    await memory.keep({ life, owed: [] });
  }

  agent(options: Partial<AgentOptions> = {}): Agent {
    const world = fakeWorld(
      (ask) => {
        if (ask.method === 'POST') {
          const answer = this.reportAnswer();
          if (!(answer instanceof Error)) this.reports.push(parseReport(String(ask.body)) as Report);
          return answer;
        }
        this.questions += 1;
        return this.answer();
      },
      { clock: this.clock },
    );
    return createAgentOn(world, this.journal.place().vault, {
      place: this.place,
      question: { url, productKey: 'key', firmwareName: 'gateway' },
      version: async () => (this.standing.isStarted && this.standing.runs === sha256Hex(NEW) ? '1.1.0' : '1.0.0'),
      restart: async () => {
        this.restarts += 1;
        this.standing = { ...this.standing, isStarted: true };
      },
      probe: async () => undefined,
      onStatus: (status) => void this.stages.push(status),
      onEvent: ({ name }) => void this.events.push(name),
      ...options,
    });
  }

  /** What the server was told, in order. */
  get told(): string[] {
    return this.reports.map(({ state }) => state ?? 'version');
  }
}
