import { type Attempt, isSameAttempt } from '../domain/attempt.ts';
import {
  type Circumstances,
  type Decision,
  type Device,
  decide,
  type Question,
  type Rule,
  STRANGER,
  type Upgrade,
} from '../domain/decide.ts';
import type { Meter } from '../domain/meter.ts';
import type { Plan } from '../domain/plan.ts';
import { afterAsking, afterPromise, afterQuestion, afterSending, endsOf } from '../domain/progress.ts';
import type { DeviceRecord, LogEntry, LogEvent, Now, Sent } from '../ports.ts';
import type { TellEnds } from './attempts.ts';
import type { Asked, Fleet } from './fleet.ts';
import { recordKey } from './keys.ts';
import { bareEntry, type Noise } from './noise.ts';
import { recent } from './recent.ts';

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

/** A decision, and what it was made of. */
export interface Look {
  readonly decision: Decision;
  readonly circumstances: Circumstances;
  readonly plan: Plan;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** How the sending of a package ended. */
export interface Transfer {
  /** What was to be sent. */
  readonly sent: Sent;
  readonly device: Device;
  /** Bytes that went to the network. */
  readonly bytes: number;
  /** Whether that was all that was to be sent now. */
  readonly isWhole: boolean;
  /** Whether only the rest of it was. */
  readonly isRest: boolean;
}

/** The device's side: a question, its answer, and what is remembered of both. */
export interface CheckIns {
  /** Decides without touching anything. */
  decide(question: Question): Decision;
  /** The same, with what it was decided by. */
  look(question: Question): Look;
  /** What this device is being sent: what a resume goes on with (luatos.md L18). `undefined` where it resumed too much. */
  sent(decision: Decision): Sent | undefined;
  /** Whether the operator stopped all upgrades: a resume is refused then, too. */
  isStopped(): boolean;
  /**
   * Whether a client that does not say which package it has in part (no If-Range) can only have this one: it tells the
   * same version as then, and nobody of its id and version was sent another package in between.
   */
  isClear(decision: Decision, sent: Sent): boolean;
  /**
   * Remembers a refusal, or that the device holds the package already, or that it was told of one. `undefined`: nothing of it
   * has to be durable before the answer leaves.
   */
  answered(decision: Decision, upgrade?: 'held' | 'checked'): Promise<void> | undefined;
  /**
   * Remembers that a package is promised: durable before the promise leaves. Resolves to `undefined`, and promises nothing,
   * where this is no longer what the device is to get: it asked twice at once, or the operator was faster.
   */
  offered(question: Question, decision: Upgrade): Promise<Sent | undefined>;
  /** Remembers that the rest of a package is promised, which is no new attempt (luatos.md L19). */
  resumed(decision: Decision, sent: Sent, first: number): void;
  /** Counts the bytes of a piece from the middle of a package against what a device may resume. */
  fetched(decision: Decision, bytes: number): void;
  /** Remembers how the sending ended. */
  ended(transfer: Transfer): void;
}

export function createCheckIns(ports: {
  readonly plan: (now: number) => Plan;
  readonly fleet: Fleet;
  readonly meter: Meter;
  readonly ends: TellEnds;
  readonly noise: Noise;
  readonly now: Now;
  /** Milliseconds after the last byte of a package within which an old version says nothing of the installation. */
  readonly settleMs: number;
  /** Told of each question. */
  readonly onCheckIn: (checkIn: CheckIn) => void;
}): CheckIns {
  const { plan, fleet, meter, ends, noise, now, settleMs, onCheckIn } = ports;
  const record = ({ device }: Decision) => fleet.record(device.project, device.id, device.firmwareName);
  const usage = meter.usage;

  const look = (question: Question): Look => {
    const at = now();
    const planned = plan(at);
    let circumstances = STRANGER;
    const lookup = (device: Device): Circumstances => {
      circumstances = afterAsking(fleet.circumstances(device), device.version, settleMs, at);
      return circumstances;
    };
    const decision = decide(question, planned, lookup, { now: at, usage });
    return { decision, circumstances, plan: planned, now: at };
  };

  /** Of devices whose delivery broke off and was taken back, the package: the rest may still come. */
  const brokenOff = recent<string>();

  /** Of devices that resumed, the bytes that they fetched beyond the delivery. */
  const rests = recent<number>();

  const addRest = (key: string, bytes: number): void => rests.set(key, (rests.get(key) ?? 0) + bytes);

  const isStill = (question: Question, { release, package: chosen, rollout }: Upgrade): boolean => {
    const again = look(question).decision;
    const isSame = again.answer === 'upgrade' && again.release.id === release.id && again.rollout === rollout;
    return isSame && again.package.sha256 === chosen.sha256;
  };

  /** What a question without a package changes: what it says of the last attempt, and the log's entry where it is news. */
  const heard = (before: DeviceRecord | undefined, device: Device, at: number, news: LogEntry | undefined): Asked => {
    if (news === undefined && before !== undefined && before.attempt === undefined) return NOTHING_NEW;
    const entry = news && noise.unlessTooMuch(news);
    const entries = entry === undefined ? [] : [entry];
    if (before?.attempt === undefined) return { news: undefined, entries };
    const advanced = afterQuestion(before.attempt, device.version, settleMs, at);
    if (advanced.entered.length === 0) return { news: undefined, entries };
    return { news: { attempt: advanced.attempt }, entries: [...ends(at, device, endsOf(advanced)), ...entries] };
  };

  /** Whether a question ends the last attempt of its device: that counts before anything is promised, for it may pause a rollout. */
  const ending = (before: DeviceRecord, device: Device, at: number) => {
    const advanced = before.attempt && afterQuestion(before.attempt, device.version, settleMs, at);
    const ended = advanced === undefined ? [] : endsOf(advanced);
    return ended.length === 0 || advanced === undefined ? undefined : { attempt: advanced.attempt, ended };
  };

  /** The attempt whose place one of this release and rollout would take, where the last one is another. */
  const earlierAttempt = async ({ device, release, rollout }: Upgrade): Promise<Attempt | undefined> => {
    const wanted = { release: release.id, rollout };
    const last = fleet.record(device.project, device.id, device.firmwareName)?.attempt;
    if (last === undefined || isSameAttempt(last, wanted)) return undefined;
    const all = await fleet.attemptsOf(device);
    return all.find((one) => one.firmwareName === device.firmwareName && isSameAttempt(one, wanted));
  };

  const settleEnding = async (device: Device): Promise<void> => {
    const before = fleet.record(device.project, device.id, device.firmwareName);
    if (before === undefined || ending(before, device, now()) === undefined) return;
    await fleet.settleAttempt(device, (known) => {
      const at = now();
      const found = ending(known, device, at);
      return found && { amendment: { attempt: found.attempt }, entries: ends(at, device, found.ended) };
    });
  };

  return {
    look,
    decide: (question) => look(question).decision,

    sent(decision) {
      const sent = decision.rule === 'id-missing' ? undefined : record(decision)?.sent;
      const fetched = rests.get(keyOf(decision.device)) ?? 0;
      return sent !== undefined && fetched <= RESTS_A_DELIVERY * sent.size ? sent : undefined;
    },
    isStopped: () => plan(now()).policy.stopped !== undefined,
    isClear: ({ device }, { told, doubtfulUntil }) => told === device.version && now() >= doubtfulUntil,

    answered(decision, upgrade = 'held') {
      const at = now();
      const { device, rule } = decision;
      const isUpgrade = decision.answer === 'upgrade';
      const event = isUpgrade ? upgrade : 'refused';
      const code = event === 'held' ? 304 : isUpgrade ? 0 : decision.code;
      const tell = (): void => {
        // Of a package that it was only told of, its fetching is told.
        if (event === 'checked') return;
        onCheckIn({ at, device, rule, code, releaseVersion: isUpgrade ? decision.release.version : undefined });
      };
      if (!decision.registered) noise.heard(entryOf(at, event, decision, code));
      else {
        const remembered = fleet.asked(decision, rule, at, (before) => {
          const isNews = event === 'held' || before?.rule !== rule;
          return heard(before, device, at, isNews ? entryOf(at, event, decision, code) : undefined);
        });
        if (remembered !== undefined) return remembered.then(tell);
      }
      tell();
      return undefined;
    },

    async offered(question, decision) {
      await settleEnding(decision.device);
      const earlier = await earlierAttempt(decision);
      for (let other = fleet.underWay(decision.device); other; other = fleet.underWay(decision.device)) await other;
      if (!isStill(question, decision)) return undefined;
      const at = now();
      const { device, release, package: chosen, rule, rollout } = decision;
      const { sha256, size } = chosen;
      const key = keyOf(device);
      const sent = {
        release: release.id,
        version: release.version,
        told: device.version,
        doubtfulUntil: doubtfulUntil(record(decision)?.sent, sha256, device.version, at),
        sha256,
        size,
        at,
      };
      brokenOff.delete(key);
      rests.delete(key);
      meter.began(key, rollout, size);
      const change = (before: DeviceRecord | undefined) => {
        const { ended, ...promised } = afterPromise(before, decision, settleMs, at, earlier);
        return {
          news: { sent, earlier, ...promised },
          entries: [...ends(at, device, ended), entryOf(at, 'offered', decision, 0)],
        };
      };
      try {
        await fleet.asked(decision, rule, at, change);
      } catch (problem) {
        meter.ended(key);
        throw problem;
      }
      onCheckIn({ at, device, rule, code: 0, releaseVersion: release.version });
      return sent;
    },

    resumed({ device }, sent, first) {
      const entry = noise.unlessTooMuch({ ...ofPackage(now(), 'resumed', device, sent), bytes: first });
      if (entry !== undefined) fleet.note(entry);
    },

    fetched: ({ device }, bytes) => addRest(keyOf(device), bytes),

    ended({ device, sent, bytes, isWhole, isRest }) {
      const at = now();
      const ending = { ...ofPackage(at, isWhole ? 'sent' : 'broken', device, sent), bytes };
      // A delivery has both its entries, and the loop guard bounds how many there are; of resumes there may be any number.
      const entry = isRest ? noise.unlessTooMuch(ending) : ending;
      const key = keyOf(device);
      meter.ended(key);
      if (isRest) addRest(key, bytes);
      let counted: 1 | -1 | 0 = 0;
      if (!isWhole && !isRest) {
        brokenOff.set(key, sent.sha256);
        counted = -1;
      } else if (isWhole && isRest && brokenOff.get(key) === sent.sha256) {
        brokenOff.delete(key);
        counted = 1;
      }
      const sending = { ...sent, bytes, isWhole, isRest, counted };
      void fleet.amend(device, (before) => afterSending(before, sending, at), entry);
    },
  };
}

const NOTHING_NEW: Asked = { news: undefined, entries: [] };

/** Bytes that a device may resume after one delivery, in packages: then a resume is a question like any other. */
const RESTS_A_DELIVERY = 3;
/** Devices of all generations give a transfer up after ten minutes at the latest (luatos.md L20). */
const TRANSFER_MS = 600_000;

/** After another package was promised to the same id and version, a resume may mean either for as long as a transfer lasts. */
function doubtfulUntil(before: Sent | undefined, sha256: string, told: string, at: number): number {
  if (before === undefined || before.told !== told) return 0;
  if (before.sha256 === sha256) return before.doubtfulUntil;
  return Math.abs(at - before.at) < TRANSFER_MS ? at + TRANSFER_MS : 0;
}

function keyOf({ project, id, firmwareName }: Device): string {
  return recordKey(project, id, firmwareName);
}

function entryOf(at: number, event: LogEvent, decision: Decision, code: number): LogEntry {
  const release = decision.answer === 'upgrade' ? decision.release : undefined;
  const { device, rule } = decision;
  return { ...bareEntry(at, event, device, code), rule, release: release?.id, releaseVersion: release?.version };
}

function ofPackage(at: number, event: LogEvent, device: Device, { release, version }: Sent): LogEntry {
  return { ...bareEntry(at, event, device, 0), release, releaseVersion: version };
}
