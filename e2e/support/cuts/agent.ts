/** A machine whose agent keeps its application up to date, on a disk in memory. */
import { fakeWorld, type PowerDisk } from '@libfota2/testkit';
import { type Agent, type AgentStatus, agentJournal, createAgentOn } from 'libfota2/agent';
import type { Slot } from 'libfota2/slots';
import { launchOn, type Release, serverOf, TRUST } from './device.ts';
import { type Files, folders, HOME } from './kinds.ts';
import { versionIn } from './verdict.ts';

export interface Machine {
  readonly agent: Agent;
  /** What was started last. */
  running(): Release | undefined;
}

export interface MachineOptions {
  readonly disk: PowerDisk;
  /** Of the disk, perhaps with faults. */
  readonly files: Files;
  readonly known: readonly Release[];
  /** What the server offers. */
  readonly offer: Release;
  /** Whether the probe passes for what runs. */
  isWell(running: Release | undefined): boolean;
  readonly onStatus?: (status: AgentStatus) => void;
}

/** The power comes: the launcher starts what the record names, and the agent begins. */
export async function powerOn({ disk, files, known, offer, isWell, onStatus }: MachineOptions): Promise<Machine> {
  let slot: Slot | undefined = await launchOn(disk, files);
  const running = (): Release | undefined => slot && versionIn(disk.tree, slot, { kind: folders, known });
  const slots = folders.slots(files, undefined);
  let nowMs = 0;
  const clock = {
    monotonicMs: () => {
      nowMs += 400;
      return nowMs;
    },
    uptimeMs: () => nowMs,
    wallMs: () => Date.UTC(2026, 0, 1) + nowMs,
    nextLocalTime: () => Number.NaN,
    // Pauses are over at once, and deadlines never come.
    after(ms: number, work: () => void) {
      nowMs += ms < 30_000 ? ms : 0;
      const soon = ms < 30_000 ? setImmediate(work) : undefined;
      return { cancel: () => clearImmediate(soon) };
    },
  };
  const images = serverOf(offer);
  const world = {
    ...fakeWorld((ask, attempt) => (ask.method === 'POST' ? { body: '{"code":0}' } : images(ask, attempt))),
    clock,
  };
  const agent = createAgentOn(world, agentJournal(HOME, files), {
    place: slots,
    settings: { trust: TRUST },
    question: { url: 'http://h/up', firmwareName: 'gateway', productKey: 'key' },
    version: async () => running()?.version ?? '0.0.1',
    async restart() {
      slot = await launchOn(disk, files);
    },
    probe: async () => (isWell(running()) ? undefined : 'not well'),
    probeWithinMs: 3_000,
    ...(onStatus && { onStatus }),
  });
  return { agent, running };
}
