// Preloaded into an example (`node --import`): time that a test turns on. Waits of half a minute and more, a schedule's
// longest nap, pass only when the parent process sends milliseconds; shorter ones, of real requests, pass as ever.
const LONG_MS = 30_000;

const realTimeout = globalThis.setTimeout;
const realClear = globalThis.clearTimeout;
const realNow = performance.now.bind(performance);
const realDate = Date.now;
const waits = new Set();
let warpedMs = 0;

performance.now = () => realNow() + warpedMs;
Date.now = () => realDate() + warpedMs;
globalThis.setTimeout = (work, ms, ...args) => {
  if (!(ms >= LONG_MS)) return realTimeout(work, ms, ...args);
  const wait = { dueMs: performance.now() + ms, ring: () => work(...args) };
  waits.add(wait);
  // Not before there is something to wait for: until then Node keeps the parent's messages.
  if (process.listenerCount('message') === 0) process.on('message', warp);
  return wait;
};
globalThis.clearTimeout = (timer) => {
  if (!waits.delete(timer)) realClear(timer);
  // A listener keeps the process; with nothing left to wait for it may end.
  else if (waits.size === 0) process.off('message', warp);
};

function warp(ms) {
  warpedMs += ms;
  for (const wait of [...waits].filter(({ dueMs }) => dueMs <= performance.now())) {
    waits.delete(wait);
    wait.ring();
  }
  process.send('warped');
}
