import type { Identity } from '@libfota2/protocol';
import { afterDelivery, type Decision, type Device, decide, type Rule, type Upgrade } from '../domain/decide.ts';
import type { Plan } from '../domain/plan.ts';
import type { LogEntry, LogEvent, Now, Sent } from '../ports.ts';
import type { Fleet } from './fleet.ts';
import type { Noise } from './noise.ts';

/** A question and its answer, for whoever watches. */
export interface CheckIn {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly device: Device;
  readonly rule: Rule;
  /** 0: a package was promised; 304: the device holds it already; else the platform's code of the refusal. */
  readonly code: number;
  /** The version that was promised, or is held. */
  readonly releaseVersion: string | undefined;
}

/** How the sending of a package ended. */
export interface Transfer {
  /** What was to be sent. */
  readonly sent: Sent;
  readonly device: Device;
  /** Bytes that went to the network. */
  readonly bytes: number;
  readonly isWhole: boolean;
}

/** The device's side: a question, its answer, and what is remembered of both. */
export interface CheckIns {
  /** Decides without touching anything. */
  decide(identity: Identity): Decision;
  /** What this device is being sent: what a resume goes on with (luatos.md L18). */
  sent(decision: Decision): Sent | undefined;
  /** Remembers a refusal, or that the device holds the package already. */
  answered(decision: Decision): Promise<void>;
  /**
   * Remembers that a package is promised: durable before the promise leaves. Resolves to `undefined`, and promises nothing,
   * where this is no longer what the device is to get: it asked twice at once, or the operator was faster.
   */
  offered(identity: Identity, decision: Upgrade): Promise<Sent | undefined>;
  /** Remembers that the rest of a package is promised, which is no new attempt (luatos.md L19). */
  resumed(decision: Decision, sent: Sent, first: number): void;
  /** Remembers how the sending ended. */
  ended(transfer: Transfer): void;
}

export function createCheckIns(ports: {
  readonly plan: () => Plan;
  readonly fleet: Fleet;
  readonly noise: Noise;
  readonly now: Now;
  /** Told of each question. */
  readonly onCheckIn: (checkIn: CheckIn) => void;
}): CheckIns {
  const { plan, fleet, noise, now, onCheckIn } = ports;
  const lookup = (device: Device) => fleet.circumstances(device);
  const record = ({ device }: Decision) => fleet.record(device.project, device.id, device.firmwareName);

  const isStill = (identity: Identity, { release, package: chosen }: Upgrade): boolean => {
    const again = decide(identity, plan(), lookup);
    return again.answer === 'upgrade' && again.release.id === release.id && again.package.sha256 === chosen.sha256;
  };

  return {
    decide: (identity) => decide(identity, plan(), lookup),

    sent: (decision) => (decision.project === undefined ? undefined : record(decision)?.sent),

    async answered(decision) {
      const at = now();
      const { device, rule } = decision;
      const held = decision.answer === 'upgrade';
      const code = held ? 304 : decision.code;
      if (decision.registered) {
        // A device that hears the same as last time is no news.
        const isNews = record(decision)?.rule !== rule;
        const entry = isNews || held ? entryOf(at, held ? 'held' : 'refused', decision, code) : undefined;
        await fleet.asked(device, rule, at, undefined, entry);
      } else {
        noise.heard(entryOf(at, 'refused', decision, code));
      }
      onCheckIn({ at, device, rule, code, releaseVersion: held ? decision.release.version : undefined });
    },

    async offered(identity, decision) {
      for (let other = fleet.underWay(decision.device); other; other = fleet.underWay(decision.device)) await other;
      if (!isStill(identity, decision)) return undefined;
      const at = now();
      const { device, release, package: chosen, rule } = decision;
      const sent = { release: release.id, version: release.version, sha256: chosen.sha256, size: chosen.size, at };
      const { deliveries: before } = fleet.circumstances(device);
      const news = { sent, deliveries: afterDelivery(before, chosen, device.version, at) };
      await fleet.asked(device, rule, at, news, entryOf(at, 'offered', decision, 0));
      onCheckIn({ at, device, rule, code: 0, releaseVersion: release.version });
      return sent;
    },

    resumed({ device }, sent, first) {
      fleet.note({ ...ofPackage(now(), 'resumed', device, sent), bytes: first });
    },

    ended({ device, sent, bytes, isWhole }) {
      fleet.note({ ...ofPackage(now(), isWhole ? 'sent' : 'broken', device, sent), bytes });
    },
  };
}

function entryOf(at: number, event: LogEvent, decision: Decision, code: number): LogEntry {
  const release = decision.answer === 'upgrade' ? decision.release : undefined;
  return {
    at,
    event,
    device: decision.device,
    code,
    rule: decision.rule,
    release: release?.id,
    releaseVersion: release?.version,
    bytes: undefined,
    detail: undefined,
  };
}

function ofPackage(at: number, event: LogEvent, device: Device, { release, version }: Sent): LogEntry {
  return {
    at,
    event,
    device,
    code: 0,
    rule: undefined,
    release,
    releaseVersion: version,
    bytes: undefined,
    detail: undefined,
  };
}
