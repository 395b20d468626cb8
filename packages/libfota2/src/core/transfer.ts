import { type FailureCode, type Refusal, refusalReason } from '@libfota2/protocol';
import { ask, readRefusal, redirectTarget, retryAfterMs } from './ask.ts';
import { asFotaError, FotaError, failure } from './errors.ts';
import { type Admitted, createGuard, type Guard } from './guard.ts';
import { base64ToHex } from './hex.ts';
import { type ImageInHand, Proof } from './image.ts';
import { type Asked, bodyEmpty, judge, tooLarge, type Verdict } from './judge.ts';
import { type Conditions, createLanding, type Landing } from './landing.ts';
import {
  type CheckOutcome,
  type Downloaded,
  type Failed,
  failed,
  type NoUpgrade,
  type NoUpgradeReason,
  type Outcome,
  type Progress,
  type Story,
} from './outcome.ts';
import type { Plan } from './plan.ts';
import { abortable, newStop, type Signal, type Stop } from './platform.ts';
import type { Answer, Ports, Timer } from './ports.ts';
import { afterSetback, type Course, isInterruption, OUTSET } from './retry.ts';

/** One call's errand: a decided question, and who listens. */
export interface Errand {
  readonly plan: Plan;
  readonly signal: Signal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Asks, and takes what is offered to the target. Rejects only with the signal's reason. */
export function deliver(errand: Errand, ports: Ports): Promise<Outcome> {
  return new Transfer<Downloaded>(errand, ports, (transfer, ...offered) => transfer.take(...offered)).run();
}

/** Asks, and hangs up before the body. Rejects only with the signal's reason. */
export function inquire(errand: Errand, ports: Ports): Promise<CheckOutcome> {
  return new Transfer<CheckOutcome>(errand, ports, (transfer, ...offered) => transfer.describe(...offered)).run();
}

type Offer = Extract<Verdict, { readonly image: object }>;
/** `signed` is missing only where there is no key ring. */
type Offered = readonly [answer: Answer, offer: Offer, signed?: Admitted];
type OnOffer<End> = (transfer: Transfer<End>, ...offered: Offered) => Promise<End>;

/**
 * One upgrade, from the first request to the image at its place (docs/protocol.md §4 to §8, §13).
 *
 * What an answer means is decided in judge.ts, whether it is to be believed in guard.ts, whether to ask again in retry.ts,
 * what happens at the target in landing.ts; this class carries out what they decide and keeps the story.
 */
class Transfer<End> {
  readonly #plan: Plan;
  readonly #ports: Ports;
  readonly #errand: Errand;
  readonly #onOffer: OnOffer<End>;
  readonly #landing: Landing;
  readonly #guard: Guard | undefined;
  readonly #stop: Stop = newStop();
  readonly #startedAt: number;
  #conditions: Conditions = {};
  #attempts = 0;
  #bytes = 0;
  #status: number | undefined;
  #retryAfterMs: number | undefined;
  /** The connection of this attempt stands. */
  #connected = false;
  #rangesBroken = false;
  #course: Course = OUTSET;

  constructor(errand: Errand, ports: Ports, onOffer: OnOffer<End>) {
    this.#errand = errand;
    this.#plan = errand.plan;
    this.#ports = ports;
    this.#onOffer = onOffer;
    this.#landing = createLanding(errand.plan, ports);
    this.#guard = errand.plan.trust && createGuard(errand.plan, errand.plan.trust, ports);
    this.#startedAt = ports.clock.monotonicMs();
  }

  async run(): Promise<End | NoUpgrade | Failed> {
    const { signal } = this.#errand;
    const { timeoutMs } = this.#plan.policy;
    const onAbort = (): void => this.#stop.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    const deadline = this.#ports.clock.after(timeoutMs, () =>
      this.#stop.abort(failure('deadline', `Not done within ${timeoutMs} ms.`, 'transfer')),
    );
    try {
      this.#conditions = await this.#landing.recall();
      await this.#guard?.recall();
      for (;;) {
        try {
          return await this.#attempt();
        } catch (error) {
          await this.#pauseAfter(error);
        }
      }
    } catch (error) {
      if (signal?.aborted) {
        await this.#landing.suspend();
        throw signal.reason;
      }
      const known = asFotaError(error);
      await (isInterruption(known) ? this.#landing.suspend() : this.#landing.drop());
      return { ...this.#story(known.message), ...failed(known) };
    } finally {
      deadline.cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #attempt(): Promise<End | NoUpgrade> {
    const asked = this.#asked();
    const ours = { ...this.#conditions, ...this.#guard?.headers };
    const answer = await ask(this.#plan, asked, ours, this.#ports.transport, {
      signal: this.#stop.signal,
      onSend: () => {
        this.#attempts += 1;
        this.#connected = false;
        this.#retryAfterMs = undefined;
      },
      onConnected: () => {
        this.#connected = true;
      },
    });
    try {
      this.#status = answer.status;
      this.#retryAfterMs = retryAfterMs(answer.headers, this.#ports.clock.wallMs());
      await this.#guard?.heed(answer.headers);
      const verdict = judge(answer, asked);
      switch (verdict.kind) {
        case 'refused':
          return await this.#refused(answer);
        case 'wrong':
          throw verdict.error;
        case 'restart':
          return await this.#startOver(`The server cannot go on: ${verdict.why}.`);
        default:
          return await this.#consider(answer, verdict);
      }
    } finally {
      answer.close();
    }
  }

  /** Where to go on: at the break of this call, else where an earlier call was cut off, else at the start. */
  #asked(): Asked {
    const { expectedSha256, method, policy, trust } = this.#plan;
    const common = { digestKnown: (expectedSha256 ?? trust) !== undefined, maxBytes: policy.maxBytes };
    const { image, suspended } = this.#landing;
    const { head: held, bytes: offset } = (this.#course.begun ? image : suspended) ?? { head: undefined, bytes: 0 };
    const mayGoOn = method === 'GET' && !this.#rangesBroken && held?.validator !== undefined && offset > 0;
    return mayGoOn ? { ...common, offset, held } : { ...common, offset: 0, held: undefined };
  }

  /** With a key ring nothing of what is offered is looked at before its signature, and nothing changes at the target. */
  async #consider(answer: Answer, offer: Offer): Promise<End | NoUpgrade> {
    if (this.#guard === undefined) return this.#onOffer(this, answer, offer);
    const signed = await this.#guard.admit(answer, offer.image, this.#stop.signal, () => {
      this.#attempts += 1;
    });
    if (signed === undefined) return this.#noUpgrade('The version that is offered runs already.', 'newest');
    return this.#onOffer(this, answer, offer, signed);
  }

  /** Ends a check: there is an upgrade, and this is known of it. */
  async describe(...[, { image }, signed]: Offered): Promise<CheckOutcome> {
    const size = image.total ?? signed?.manifest.size;
    const told = image.digest?.algorithm === 'sha-256' ? base64ToHex(image.digest.base64) : undefined;
    return {
      ...this.#story(`There is an upgrade of ${size ?? 'unknown'} bytes.`),
      kind: 'available',
      size,
      etag: image.etag,
      sha256: signed?.manifest.sha256 ?? told,
      manifest: signed?.manifest,
    };
  }

  /** Takes the body to the target. */
  async take(...[answer, offer, signed]: Offered): Promise<Downloaded> {
    const image = await this.#imageFor(offer, signed?.manifest.size);
    await this.#receive(image, answer, offer, signed);
    const file = await this.#landing.settle(image, signed?.commit);
    const { bytes: size, sha256, resumedFrom } = image;
    const story = this.#story(`${size} bytes are at ${file}.`);
    const manifest = signed?.manifest;
    return { ...story, kind: 'downloaded', result: 0, code: 'downloaded', file, size, sha256, resumedFrom, manifest };
  }

  async #imageFor(offer: Offer, total = offer.image.total): Promise<ImageInHand> {
    const current = this.#landing.image;
    if (offer.kind === 'rest' && current !== undefined) {
      current.spliced = true;
      return current;
    }
    const landing = this.#landing;
    this.#course = { ...this.#course, begun: true };
    return offer.kind === 'rest'
      ? landing.resume(offer.image, this.#stop.signal)
      : landing.begin({ ...offer.image, total });
  }

  async #receive(image: ImageInHand, ...[answer, offer, signed]: Offered): Promise<void> {
    const { total } = offer.image;
    const most = signed?.manifest.size ?? this.#plan.policy.maxBytes;
    const message = new Proof(offer.messageDigest, this.#ports.hash);
    for await (const bytes of answer.body) {
      this.#bytes += bytes.length;
      const reached = image.bytes + bytes.length;
      if (reached > (total ?? most)) await this.#overflow(image, reached, offer, signed);
      await this.#landing.take(image, bytes);
      message.update(bytes);
      const { resumedFrom } = image;
      this.#errand.onProgress?.({ bytes: reached, total: image.head.total, resumedFrom, attempt: this.#attempts });
    }
    // An abort in the last moment still counts: the caller was told of it.
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
    if (image.bytes < (total ?? 0)) {
      throw failure('connection-lost', `The body ended after ${image.bytes} of ${total} bytes.`, 'transfer');
    }
    if (image.bytes === 0) throw bodyEmpty();
    const isPromised = message.holds() && image.isProven(this.#plan.expectedSha256);
    const doubt = isPromised ? signed?.doubt(image) : `SHA-256 ${image.sha256} is not what was promised`;
    if (doubt === undefined) return;
    if (answer.framing === 'close' && total === undefined) {
      throw failure('connection-lost', 'The body ended without its digest.', 'transfer');
    }
    await this.#disown(image, isPromised ? 'signature-invalid' : 'digest-mismatch', doubt);
  }

  async #overflow(image: ImageInHand, reached: number, offer: Offer, signed: Admitted | undefined): Promise<never> {
    if (offer.image.total !== undefined) return this.#startOver('More bytes than announced.');
    if (signed === undefined) throw tooLarge(reached, this.#plan.policy.maxBytes);
    return this.#disown(image, 'manifest-mismatch', `More than the ${signed.manifest.size} signed bytes came`);
  }

  /** Drops bytes that are not what they should be. Those of several answers get another chance, as one. */
  async #disown(image: ImageInHand, code: FailureCode, doubt: string): Promise<never> {
    if (image.spliced) return this.#startOver(`The parts do not belong together: ${doubt}.`);
    await this.#landing.drop();
    throw failure(code, `${doubt}.`, 'verify');
  }

  /** Status 300 or above: what the server's own words make of it (docs/protocol.md §6). */
  async #refused(answer: Answer): Promise<NoUpgrade> {
    const refusal = await readRefusal(answer, this.#ports.clock);
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
    const { status } = answer;
    const reason = refusalReason(refusal?.code ?? -1);
    if (reason === undefined && status >= 500)
      throw failure('server-error', `The server answered ${status}.`, 'answer');
    const redirect = redirectTarget(answer, this.#plan.url);
    if (reason === undefined && redirect !== undefined) {
      throw failure('redirect', `Redirected to ${redirect.shown}: correct the URL or set maxRedirects.`, 'answer');
    }
    const words = refusal === undefined ? '' : `, code ${refusal.code}: ${refusal.msg}`;
    const message = `No upgrade (status ${status}${words}).`;
    return this.#noUpgrade(message, reason ?? (status === 304 ? 'not-modified' : 'refused'), refusal);
  }

  async #noUpgrade(message: string, reason: NoUpgradeReason, refusal?: Refusal): Promise<NoUpgrade> {
    await this.#landing.drop();
    return { ...this.#story(message), kind: 'no-upgrade', result: 4, code: 'no-upgrade', reason, refusal };
  }

  /** Gives up going on, in favour of a whole image in one answer. */
  async #startOver(why: string): Promise<never> {
    this.#rangesBroken = true;
    await this.#landing.drop();
    throw failure('range-mismatch', why, 'answer');
  }

  /** Returns when it is time to ask again; throws what ends the call when it is not worth it. */
  async #pauseAfter(error: unknown): Promise<void> {
    if (!(error instanceof FotaError)) throw error;
    const image = this.#landing.image;
    const setback = {
      error,
      connected: this.#connected,
      reached: image?.head.validator === undefined || this.#rangesBroken ? 0 : image.bytes,
      repeatable: this.#plan.method === 'GET',
      elapsedMs: this.#elapsedMs,
      retryAfterMs: this.#retryAfterMs ?? 0,
    };
    const next = afterSetback(this.#course, setback, this.#plan.policy, this.#ports.random());
    if ('error' in next) throw next.error;
    this.#course = next.course;
    let timer: Timer | undefined;
    const pause = new Promise<void>((resolve) => {
      timer = this.#ports.clock.after(next.waitMs, resolve);
    });
    await abortable(pause, this.#stop.signal).finally(() => timer?.cancel());
  }

  get #elapsedMs(): number {
    return Math.round(this.#ports.clock.monotonicMs() - this.#startedAt);
  }

  #story(message: string): Story {
    return {
      message,
      url: this.#plan.shownUrl,
      status: this.#status,
      attempts: this.#attempts,
      bytes: this.#bytes,
      durationMs: this.#elapsedMs,
      retryAfterMs: this.#retryAfterMs,
      keyRing: this.#guard?.story,
    };
  }
}
