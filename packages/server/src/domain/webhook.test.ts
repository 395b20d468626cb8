import fc from 'fast-check';
import { expect, it } from 'vitest';
import { afterTry, isDelivered, LONGEST_DELAY_MS, MOST_TRIES, type Sending, type WebhookProgress } from './webhook.ts';

const begun: WebhookProgress = { isOn: true, reason: undefined, place: 6, tries: 0, nextAt: 0 };
const HOUR = 3_600_000;
const failed: Sending = { status: 500, problem: undefined };
const sendings = fc.oneof(
  fc.integer({ min: 100, max: 599 }).map((status): Sending => ({ status, problem: undefined })),
  fc.constant<Sending>({ status: undefined, problem: 'refused' }),
);

it('an event that is not taken is tried again after a quarter of a minute, then four times later each, for about a day', () => {
  let progress = begun;
  let at = 0;
  const waits: number[] = [];
  while (progress.isOn) {
    progress = afterTry(progress, 7, failed, at, 0.5);
    if (progress.isOn) waits.push((progress.nextAt - at) / 1_000);
    at = progress.nextAt;
  }
  expect(waits).toEqual([15, 60, 240, 960, 3_840, 15_360, 61_440]);
  expect(waits.reduce((sum, wait) => sum + wait, 0) * 1_000).toBeGreaterThan(22 * HOUR);
  expect(progress).toEqual({
    ...begun,
    isOn: false,
    reason: 'event 7 was not taken in 8 tries, the last time: status 500',
  });
});

it('a receiver that is gone is believed at once', () => {
  expect(afterTry(begun, 7, { status: 410, problem: undefined }, 0, 0)).toMatchObject({ isOn: false, place: 6 });
});

it('whatever comes of sending: the place goes on only with a delivery, waits are bounded, and it ends', () => {
  const property = fc.property(
    fc.array(sendings, { maxLength: 60 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    (all, luck) => {
      let [progress, at] = [begun, 1_000];
      for (const [i, sending] of all.entries()) {
        const before = progress;
        progress = afterTry(before, 7 + i, sending, at, luck);
        expect(progress.place).toBe(isDelivered(sending) ? 7 + i : before.place);
        expect(progress.tries).toBeLessThan(MOST_TRIES);
        expect(progress.nextAt - at).toBeLessThanOrEqual(LONGEST_DELAY_MS);
        expect(progress.isOn || progress.reason !== undefined).toBe(true);
        if (progress.tries > 0) expect(progress.nextAt).toBeGreaterThan(at);
        if (!progress.isOn) break;
        at = Math.max(at, progress.nextAt);
      }
    },
  );
  fc.assert(property);
});
