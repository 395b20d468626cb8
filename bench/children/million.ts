// How long a server with a million devices takes to foretell a rollout, and to see whether a wave has anybody in it; the
// domain alone, no store. million.js, prints JSON
import {
  type Circumstances,
  createTally,
  forecaster,
  gateOf,
  type Known,
  memberTest,
  NO_LIMITS,
  NO_PROFILE,
  type Project,
  planOf,
  type Release,
  ROLLOUT_DEFAULTS,
  type Rollout,
} from '@libfota2/server/domain';
import { median } from '../measure.ts';

const DEVICES = 1_000_000;
const key = 'k'.repeat(32);
const project: Project = { name: 'bench', key, formerKeys: [], registration: 'open', refusals: 'json', createdAt: 0 };
const release = (id: number, version: string): Release => ({
  ...{ id, project: 'bench', firmwareName: 'app', version, core: undefined, wireVersion: version, state: 'published' },
  ...{ notes: '', isFloor: false, createdAt: 0, publishedAt: 0, withdrawnAt: undefined },
  packages: [{ source: 'any', sha256: '0'.repeat(64), size: 300_000, fileName: '', format: 'opaque' }],
});
const rollout: Rollout = {
  ...{ ...ROLLOUT_DEFAULTS, id: 1, release: 2, project: 'bench', firmwareName: 'app', state: 'running', wave: 0 },
  ...{ waveOpenedAt: 0, why: '', accepted: [], createdAt: 0, startedAt: 0, changedAt: 0, endedAt: undefined },
};
const empty: Rollout = { ...rollout, waves: [{ ids: ['nobody'] }, { percent: 100 }] };
const known: Known = {
  ...{ firstSeenAt: 0, lastSeenAt: 0, asked: 3, rule: 'newest' },
  ...{ deliveries: undefined, attempt: undefined, spent: undefined, keyRing: 0 },
};
const circumstances: Circumstances = { access: 'default', hasRoom: true, known, profile: NO_PROFILE };
const devices = Array.from({ length: DEVICES }, (_, at) => ({
  ...{ project: 'bench', firmwareName: 'app', idKind: 'imei' as const, version: '1.0.0' },
  id: `86${String(at).padStart(13, '0')}`,
}));
const releases = [release(1, '1.0.0'), release(2, '1.1.0')];
const policy = { deliveriesPerDay: 6, limits: NO_LIMITS, stopped: undefined };
const opening = { isOpen: true, changesAt: undefined };
const planWith = (one: Rollout) => planOf([project], releases, policy, [gateOf(one, () => true, opening)]);
const newest = releases[1] ?? release(2, '1.1.0');
const lookup = () => circumstances;

/** Milliseconds of CPU. */
function cost(work: () => void): number {
  const begin = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1_000;
}

function plan(): void {
  const ask = forecaster({ rollout, release: newest, isTarget: () => true }, planOf([project], releases, policy));
  const tally = createTally(rollout);
  for (const device of devices) tally.add(ask(device, lookup, 0));
  const { waves } = tally.sum(0, NO_LIMITS);
  const found = waves.reduce((sum, wave) => sum + wave.devices, 0);
  if (found !== DEVICES) throw new Error(`the plan has ${found} devices`);
}

function advance(): void {
  const isMember = memberTest(empty, newest, planWith(empty));
  if (devices.some((device) => isMember(device, lookup, 0))) throw new Error('somebody is in a wave of nobody');
}

const rounds = Array.from({ length: 5 }, () => ({ planMs: cost(plan), advanceMs: cost(advance) })).slice(2);
console.log(
  JSON.stringify({
    planMs: median(rounds.map(({ planMs }) => planMs)),
    advanceMs: median(rounds.map(({ advanceMs }) => advanceMs)),
  }),
);
