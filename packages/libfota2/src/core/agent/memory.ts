import { createJournal } from '../journal.ts';
import { encodeText } from '../platform.ts';
import type { Hash, HashAlgorithm, Vault } from '../ports.ts';
import type { DeviceReport } from '../report.ts';
import { AT_REST, type Life } from './lifecycle.ts';

const FORMAT = 'agent 1 ';
/** Of reports that did not get to the server yet; the oldest go first. */
const MOST_OWED = 8;

/** What outlives an agent's process. */
export interface Remembered {
  readonly life: Life;
  /** What the server has not been told yet, the oldest first. */
  readonly owed: readonly DeviceReport[];
}

/**
 * The journal of an agent: where it stands, and what it owes the server.
 *
 * Invariant: `now` is durable, but for the stages that a new process begins anew anyway.
 */
export interface AgentMemory {
  readonly now: Remembered;
  /** Resolves to whether it was whole, and could be read. Otherwise it is begun anew: the place knows what matters. */
  recall(): Promise<boolean>;
  /** @throws what both copies threw; `now` is as given all the same */
  keep(next: Remembered): Promise<void>;
}

export function createAgentMemory(vault: Vault, hash: (algorithm: HashAlgorithm) => Hash): AgentMemory {
  const journal = createJournal<Remembered>(vault, (text) => {
    const sum = hash('sha-256');
    sum.update(encodeText(FORMAT + text));
    return sum.base64();
  });
  let now: Remembered = { life: AT_REST, owed: [] };
  let kept = JSON.stringify(now);
  return {
    get now() {
      return now;
    },
    async recall() {
      const found = await journal.read().catch((): 'damaged' => 'damaged');
      if (found !== undefined && found !== 'damaged') now = found;
      kept = JSON.stringify(durable(now));
      return found !== 'damaged';
    },
    async keep({ life, owed }) {
      now = { life, owed: owed.slice(-MOST_OWED) };
      const state = durable(now);
      const json = JSON.stringify(state);
      if (json === kept) return;
      await journal.write(state);
      kept = json;
    },
  };
}

/** As little is written as a new process needs: it begins a question anew, and a download goes on by its own notes. */
function durable({ life, owed }: Remembered): Remembered {
  const { stage, failure } = life;
  if (stage === 'checking') return { life: { stage: 'idle', failure }, owed };
  return { life: stage === 'verifying' || stage === 'installing' ? { ...life, stage: 'downloading' } : life, owed };
}
