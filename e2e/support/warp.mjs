// Preloaded into an example (`node --import`): time that a test turns on. Waits of an hour and more pass only when the
// parent process sends milliseconds; shorter ones, of real requests over real sockets, pass as ever.
const HOUR_MS = 3_600_000;

const realTimeout = globalThis.setTimeout;
const realClear = globalThis.clearTimeout;
const realNow = performance.now.bind(performance);
const waits = new Set();
let warpedMs = 0;

performance.now = () => realNow() + warpedMs;
globalThis.setTimeout = (work, ms, ...args) => {
  if (!(ms >= HOUR_MS)) return realTimeout(work, ms, ...args);
  const wait = { dueMs: performance.now() + ms, ring: () => work(...args) };
  waits.add(wait);
  // Not before there is something to wait for: until then Node keeps the parent's messages.
  if (process.listenerCount('message') === 0) process.on('message', warp);
  return wait;
};
globalThis.clearTimeout = (timer) => (waits.delete(timer) ? undefined : realClear(timer));

function warp(ms) {
  warpedMs += ms;
  for (const wait of [...waits].filter(({ dueMs }) => dueMs <= performance.now())) {
    waits.delete(wait);
    wait.ring();
  }
  process.send('warped');
}
