import type { StoredEvent } from '../domain/event.ts';
import { afterTry, LONGEST_DELAY_MS, type Sending, type WebhookProgress } from '../domain/webhook.ts';
import type { Delivery, StoredWebhook, WebhookStore } from '../ports/webhooks.ts';
import type { Later, Now } from '../ports.ts';
import type { Events, Lost } from './events.ts';

/** The deliveries of one webhook: one event after the other, each until it is taken. */
export interface Line {
  readonly webhook: StoredWebhook;
  /** Looks whether there is something to deliver, if it does not do so already. */
  wake(): void;
  /** Is this webhook from now on; what is under way for the one before says nothing about it. */
  become(webhook: StoredWebhook): void;
  /** Begins nothing more. Resolves once nothing is under way. */
  end(): Promise<void>;
}

export interface LinePorts {
  readonly store: WebhookStore;
  readonly events: Pick<Events, 'read'>;
  /** Sends an event as a webhook sends it. */
  readonly send: (webhook: StoredWebhook, event: StoredEvent, attempt: number) => Promise<Sending>;
  readonly now: Now;
  readonly later: Later;
  /** From 0 to 1. */
  readonly luck: () => number;
  /** Told of a webhook that switched itself off. */
  readonly onOff: (webhook: StoredWebhook) => void;
  readonly onProblem: (problem: unknown) => void;
}

/** Events that are passed over without a write: after a kill they are passed over again. */
const PASSED = 1_000;
/** Milliseconds until a webhook whose progress could not be written goes on. */
const REST_MS = 60_000;

export function createLine(first: StoredWebhook, ports: LinePorts): Line {
  const { store, events, send, now, later, luck, onOff, onProblem } = ports;
  let webhook = first;
  /** As it is in the store, give or take what was passed over. */
  let kept = first.progress.place;
  let isEnding = false;
  let running: Promise<void> | undefined;
  /** Something came while it was running. */
  let isCalled = false;
  let timer: { cancel(): void } | undefined;

  const advance = async (progress: WebhookProgress, delivery?: Delivery): Promise<void> => {
    webhook = { ...webhook, progress };
    kept = progress.place;
    await store.note(webhook.id, progress, delivery);
  };

  /** Whether the next event may follow. */
  const deliver = async (event: StoredEvent): Promise<boolean> => {
    const sender = webhook;
    const attempt = sender.progress.tries + 1;
    const at = now();
    const sending = await send(sender, event, attempt);
    // What was broken off says nothing about the receiver, and what another webhook was told nothing about this one.
    if (isEnding || webhook !== sender) return false;
    const progress = afterTry(sender.progress, event.id, sending, now(), luck());
    await advance(progress, { ...sending, at, event: event.id, type: event.type, attempt, ms: now() - at });
    if (!progress.isOn) onOff(webhook);
    return progress.isOn && progress.tries === 0;
  };

  const noteLost = ({ after, oldest }: Lost): Promise<void> => {
    const problem = `events after ${after} are not kept any more: it goes on with ${oldest}`;
    const lost = { at: now(), event: oldest - 1, type: 'reset', attempt: 1, ms: 0, status: undefined, problem };
    return advance({ ...webhook.progress, place: oldest - 1 }, lost);
  };

  /** A portion of events. Whether there may be more to do at once. */
  const step = async (): Promise<boolean> => {
    const { progress, settings } = webhook;
    if (!progress.isOn) return false;
    // A clock that was set back must not make it wait longer than it would have.
    const wait = Math.min(progress.nextAt - now(), LONGEST_DELAY_MS);
    if (wait > 0) {
      rest(wait);
      return false;
    }
    const { events: found, at, isAll, lost } = await events.read(progress.place, settings.filter);
    if (webhook.settings !== settings || webhook.progress.place !== progress.place) return true;
    if (lost !== undefined) await noteLost(lost);
    // Whatever comes of one that is not taken is seen the next time.
    for (const event of found) if (isEnding || !(await deliver(event))) return true;
    const passed = { ...webhook.progress, place: Math.max(webhook.progress.place, at) };
    if (passed.place - kept >= PASSED) await advance(passed);
    else webhook = { ...webhook, progress: passed };
    return !isAll;
  };

  const rest = (ms: number): void => {
    timer?.cancel();
    timer = later(ms, () => {
      timer = undefined;
      wake();
    });
  };

  const run = async (): Promise<void> => {
    try {
      let isMore = true;
      while (!isEnding && (isMore || isCalled)) {
        isCalled = false;
        isMore = await step();
      }
    } catch (problem) {
      onProblem(problem);
      if (!isEnding) rest(REST_MS);
    } finally {
      running = undefined;
    }
  };

  const wake = (): void => {
    isCalled = true;
    if (!isEnding) running ??= run();
  };

  return {
    get webhook() {
      return webhook;
    },
    wake,
    become(next) {
      webhook = next;
      kept = next.progress.place;
      timer?.cancel();
      timer = undefined;
      isCalled = true;
    },
    async end() {
      isEnding = true;
      timer?.cancel();
      await running;
    },
  };
}
