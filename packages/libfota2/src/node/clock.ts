import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Clock } from '../core.ts';

export const nodeClock: Clock = {
  monotonicMs: () => performance.now(),
  // On Linux this counts through sleep and follows no change of the date, unlike every clock of JavaScript's own.
  uptimeMs: () => uptime() * 1000,
  wallMs: () => Date.now(),
  nextLocalTime(minuteOfDay, wallMs) {
    const date = new Date(wallMs);
    date.setHours(0, minuteOfDay, 0, 0);
    if (date.getTime() <= wallMs) {
      date.setDate(date.getDate() + 1);
      // Set again: the day after may have an hour more or less.
      date.setHours(0, minuteOfDay, 0, 0);
    }
    return date.getTime();
  },
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};
