import { type FailureCode, fromBase64, type Manifest, TrustError } from '@libfota2/protocol';
import { failure, storeFailure } from './errors.ts';
import { base64ToHex } from './hex.ts';
import type { ImageInHand } from './image.ts';
import { createJournal, inTurn } from './journal.ts';
import { type ImageHead, tooLarge } from './judge.ts';
import type { KeyRingStory } from './outcome.ts';
import type { Plan } from './plan.ts';
import { encodeText, type Signal } from './platform.ts';
import type { Answer, HashAlgorithm, Ports } from './ports.ts';
import { signatureOf } from './sidecar.ts';
import {
  type Belief,
  beliefFrom,
  doubtOf,
  followed,
  isNew,
  joined,
  type KeptBelief,
  type Offered,
  proven,
  raised,
  type Signed,
  type TrustPlan,
  toKeep,
} from './trust.ts';

const FORMAT = 'trust 1 ';

/**
 * Keeps out what is not signed for this device (docs/protocol.md §13): what is decided in trust.ts, with its memory.
 *
 * Invariant: what is learned is durable before anything is done on the strength of it.
 */
export interface Guard {
  /** Request headers that tell the server how old the ring is. */
  readonly headers: Readonly<Record<string, string>>;
  /** For outcomes. */
  readonly story: KeyRingStory;
  /** Reads what was learned before. */
  recall(): Promise<void>;
  /** Follows the updates of the ring that an answer brings, whatever else it is. */
  heed(headers: Answer['headers']): Promise<void>;
  /**
   * What is signed of an image that is offered; `undefined` where the device runs it already.
   * @param onSend called where a request is sent for its signature
   * @throws FotaError with a code of a signature or a manifest, `too-large`, and what asking for the signature ends in
   */
  admit(answer: Answer, image: ImageHead, signal: Signal, onSend: () => void): Promise<Admitted | undefined>;
}

/** A release that may be taken, once its bytes have come. */
export interface Admitted {
  readonly manifest: Manifest;
  /** Why these are not the bytes that were signed, if they are not. */
  doubt(image: ImageInHand): string | undefined;
  /**
   * Judges it once more, by the clock and by what was learned while its bytes came, here or in another process; notes that
   * it is taken, from where on nothing is that is below its minimum; and shows it. Nobody in this process learns anything
   * in between.
   * @throws FotaError as `admit` does
   */
  commit<Result>(show: () => Promise<Result>): Promise<Result>;
}

export function createGuard(question: Plan, plan: TrustPlan, ports: Ports): Guard {
  const { clock, ed25519, hash, target, vault } = ports;
  const { expectedSha256: sha256, policy } = question;
  const sum = (algorithm: HashAlgorithm, bytes: Uint8Array): string => {
    const running = hash(algorithm);
    running.update(bytes);
    return running.base64();
  };
  const crypto = {
    ed25519,
    blake2b512: (bytes: Uint8Array) => bytesOf(sum('blake2b-512', bytes)),
    sha256: (bytes: Uint8Array) => base64ToHex(sum('sha-256', bytes)),
  };
  const journal = createJournal<KeptBelief>(vault, (text) => sum('sha-256', encodeText(FORMAT + text)));
  let belief = beliefFrom(undefined, plan);
  let kept: string | undefined;
  let story = { updated: false, refused: undefined as string | undefined };

  const read = async (): Promise<Belief> => {
    const found = await journal.read();
    kept = JSON.stringify(found);
    return beliefFrom(found, plan);
  };
  const store = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw storeFailure(error);
    }
  };
  /** Makes it durable where it is not. Only in turn. */
  const write = async (next: Belief): Promise<void> => {
    const state = toKeep(next);
    if (JSON.stringify(state) !== kept) await journal.write(state);
    kept = JSON.stringify(state);
    belief = next;
  };
  /** Makes it durable, with what others may have learned meanwhile. */
  const keep = async (next: Belief): Promise<void> => {
    if (JSON.stringify(toKeep(next)) === kept) return;
    await store(() => inTurn(target.place, async () => write(joined(next, await read()))));
  };
  const admitted = (signed: Signed, text: string, offered: Offered): Admitted => ({
    manifest: signed.manifest,
    doubt({ blake2b512, bytes: size, sha256 }) {
      return doubtOf(signed, { size, sha256, blake2b512: bytesOf(blake2b512) }, crypto);
    },
    commit: (show) =>
      inTurn(target.place, async () => {
        await store(async () => {
          belief = joined(belief, await read());
        });
        // What runs is what ran when it was admitted: that it is new needs no second look.
        judged(() => isNew(proven(belief, text, crypto).signed, offered, belief, plan, clock.wallMs()));
        await store(() => write(raised(belief, signed.manifest)));
        return show();
      }),
  });

  return {
    get headers() {
      return { 'fota-key-ring': String(belief.ring.serial) };
    },
    get story() {
      return { serial: belief.ring.serial, ...story };
    },
    recall: () =>
      store(async () => {
        belief = await read();
      }),
    async heed({ 'fota-key-ring': links }) {
      const next = links === undefined ? { belief, refused: undefined } : followed(belief, links, crypto);
      const { serial } = belief.ring;
      await keep(next.belief);
      story = { updated: story.updated || belief.ring.serial > serial, refused: next.refused ?? story.refused };
    },
    async admit(answer, { total: size }, signal, onSend) {
      const text = await signatureOf(answer, question, ports, signal, onSend);
      const offered = { size, sha256 };
      const { signed, belief: next } = judged(() => proven(belief, text, crypto));
      await keep(next);
      if (!judged(() => isNew(signed, offered, belief, plan, clock.wallMs()))) return undefined;
      if (signed.manifest.size > policy.maxBytes) throw tooLarge(signed.manifest.size, policy.maxBytes);
      return admitted(signed, text, offered);
    },
  };
}

function bytesOf(base64: string): Uint8Array {
  return fromBase64(base64) ?? new Uint8Array();
}

/** A verdict, or why not as an error of ours. What is wrong with a key ring never comes here: `followed` tells it in words. */
function judged<Result>(verdict: () => Result): Result {
  try {
    return verdict();
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw failure(error.code as FailureCode, `${error.message}.`, 'verify', error);
  }
}
