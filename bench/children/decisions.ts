// How long one decision takes, nothing else: no socket, no store. decisions.js, prints JSON
import { type Circumstances, decide, type Project, planOf, type Release, STRANGER } from '@libfota2/server';
import { median } from '../measure.ts';

const FIRMWARES = 20;
const RELEASES = 5;
const TIMES = 100_000;
const key = 'k'.repeat(32);

const project: Project = {
  name: 'bench',
  key,
  formerKeys: [],
  registration: 'open',
  refusals: 'json',
  createdAt: 0,
};
const releases = Array.from({ length: FIRMWARES * RELEASES }, (_, i): Release => {
  const version = `1.0.${i % RELEASES}`;
  return {
    id: i + 1,
    project: project.name,
    firmwareName: `firmware-${Math.floor(i / RELEASES)}`,
    version,
    core: undefined,
    wireVersion: version,
    state: 'published',
    notes: '',
    isFloor: false,
    packages: [{ source: 'any', sha256: '0'.repeat(64), size: 1024, fileName: '', format: 'opaque' }],
    createdAt: 0,
    publishedAt: 0,
    withdrawnAt: undefined,
  };
});
const limits = { downloads: undefined, bytesPerHour: undefined, bytesPerDevicePerDay: undefined };
const plan = planOf([project], releases, { deliveriesPerDay: 6, limits, stopped: undefined });
const known: Circumstances = STRANGER;
const moment = { now: 0, usage: () => ({ downloads: 0, bytesLastHour: 0 }) };
const ids = Array.from({ length: 1_000 }, (_, i) => `86${String(i).padStart(13, '0')}`);

/** Nanoseconds of CPU that one decision takes; the answers are counted, so that none can be left out. */
function measure(version: string, expected: 'upgrade' | 'refused'): number {
  let right = 0;
  const begin = process.cpuUsage();
  for (let i = 0; i < TIMES; i += 1) {
    const identity = {
      idKind: 'imei' as const,
      id: ids[i % ids.length],
      projectKey: key,
      firmwareName: `firmware-${i % FIRMWARES}`,
      version,
    };
    if (decide(identity, plan, () => known, moment).answer === expected) right += 1;
  }
  const { user, system } = process.cpuUsage(begin);
  if (right !== TIMES) throw new Error(`${TIMES - right} decisions were not ${expected}`);
  return (1000 * (user + system)) / TIMES;
}

const rounds = Array.from({ length: 9 }, () => ({
  noNewsNs: measure(`1.0.${RELEASES - 1}`, 'refused'),
  newsNs: measure('1.0.0', 'upgrade'),
}));
// The first rounds are for the compiler.
const counted = rounds.slice(2);
console.log(
  JSON.stringify({
    noNewsNs: median(counted.map(({ noNewsNs }) => noNewsNs)),
    newsNs: median(counted.map(({ newsNs }) => newsNs)),
  }),
);
