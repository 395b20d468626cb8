import type { Identity } from '@libfota2/protocol';
import type { Release } from '../domain/catalogue.ts';
import { type Decision, decide, type Rule } from '../domain/decide.ts';
import type { Plan } from '../domain/plan.ts';
import type { CheckIn, DeviceStore, Now } from '../ports.ts';

/** The device's side: a question, its answer, and what is remembered of both. */
export interface CheckIns {
  /** Decides without touching anything. */
  decide(identity: Identity): Decision;
  /** The release that this device was last sent: what a resume goes on with (luatos.md L18). */
  offered(decision: Decision): Promise<Release | undefined>;
  /**
   * Remembers a question and its answer; `hasIt`: the device holds the package that it should get already.
   * A resume is no question (luatos.md L19).
   */
  record(decision: Decision, hasIt?: boolean): Promise<void>;
}

/** What anybody can ask who knows nothing of ours: told, but not kept, so that it costs no disk and hides no device. */
const ANYBODY: ReadonlySet<Rule> = new Set(['id-missing', 'project-unknown']);

export function createCheckIns(ports: {
  readonly plan: () => Plan;
  readonly devices: DeviceStore;
  readonly now: Now;
  /** Told after each check-in. */
  readonly onCheckIn: (checkIn: CheckIn) => void;
}): CheckIns {
  return {
    decide: (identity) => decide(identity, ports.plan()),

    offered: async ({ device, registered }) => (registered ? ports.devices.offered(device) : undefined),

    async record(decision, hasIt = false) {
      const { device, registered, rule } = decision;
      const checkIn: CheckIn = {
        at: ports.now(),
        device,
        registered,
        rule,
        code: decision.answer === 'refused' ? decision.code : hasIt ? 304 : 0,
        release: decision.answer === 'upgrade' ? decision.release : undefined,
      };
      if (!ANYBODY.has(rule)) await ports.devices.record(checkIn);
      ports.onCheckIn(checkIn);
    },
  };
}
