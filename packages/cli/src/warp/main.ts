/** `fota simulate rollout`: puts the rollout and its devices together, lets them live, shows it, and judges what came of it. */
import { setImmediate as turn } from 'node:timers/promises';
import type { ApiRelease, ApiRollout, ApiRolloutRequest, ApiTarget, ApiWave } from '@libfota2/server';
import { simulateRollout, type WarpReport, type WarpStep, type WarpWish, warpSpec } from '@libfota2/simulator';
import type { Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import { type Invocation, withServer } from '../commands/command.ts';
import { CommandError, EXIT } from '../failure.ts';
import { type RolloutOptions, type Wanted, wantedBy } from '../rollouts/options.ts';
import { judged, type WarpExpectation } from './expect.ts';
import { showWarped } from './report.ts';

export type WarpStepWord = WarpStep;

export type WarpCommand = Whereabouts &
  RolloutOptions & {
    readonly release?: number;
    readonly fromRollout?: number;
    readonly becomes?: string;
    readonly size?: number;
    readonly devices?: number;
    readonly version?: Record<string, number>;
    readonly poll?: number;
    readonly jitter?: number;
    readonly firstWithin?: number;
    readonly reboot?: number;
    readonly rate?: [number, number];
    readonly seed?: number;
    readonly offline?: number;
    readonly unreachable?: number;
    readonly cut?: number;
    readonly powerCycle?: number;
    readonly bootFails?: number;
    readonly flaky?: number;
    readonly loops?: number;
    readonly crashLater?: number;
    readonly silent?: number;
    readonly resumeAfter?: number;
    readonly at?: readonly WarpStepWord[];
    readonly for?: number;
    readonly expect?: readonly WarpExpectation[];
  };

/** What a server says of what is to be tried out. */
interface Taken {
  readonly version: string;
  readonly size: number;
  readonly devices: number;
  readonly versions: Record<string, number>;
  /** As the rollout was made. */
  readonly wanted: Wanted;
}

/** Devices by which it is told what they run. */
const SAMPLE = 1_000;

/** Runs `fota simulate rollout`. */
export async function simulateWarped(invocation: Invocation, options: WarpCommand): Promise<void> {
  const { out, signal, exitWith, world } = invocation;
  const { timeZone, ...plain } = await wantedBy(options, world);
  // Where no hours were typed, the zone of whoever types is of no meaning.
  const isZoned = options.timeZone !== undefined || options.window !== undefined;
  const given = isZoned && timeZone !== undefined ? { ...plain, timeZone } : plain;
  const taken = await takenFrom(invocation, options, given);
  const spec = await specOf(options, { ...taken?.wanted, ...given }, taken);
  const progress = out.progress('simulating', 'none', (count) => `${count} %`);
  let report: WarpReport;
  try {
    report = await simulateRollout(spec, {
      onProgress: (share) => progress.at(Math.floor(100 * share), 100),
      breathe: () => turn(),
      signal: signal(),
    });
  } finally {
    progress.end();
  }
  const all = judged(options.expect ?? [], report);
  const ok = all.every(({ met }) => met);
  out.result({ ok, ...report, expected: all }, () => showWarped(invocation, report, all));
  if (signal().aborted) exitWith(EXIT.interrupted);
  else if (!ok) exitWith(EXIT.failed);
}

async function specOf(options: WarpCommand, wanted: Wanted, taken: Taken | undefined) {
  const { rolloutRequest } = await import('@libfota2/server');
  const { release: _, ...rollout } = rolloutRequest({ release: 1, ...wanted });
  const { bootFails: fails = 0, flaky = 0, loops = 0, crashLater = 0, silent = 0 } = options;
  const wish: WarpWish = {
    fleet: {
      count: options.devices ?? taken?.devices ?? 10_000,
      seed: options.seed,
      versions: options.version ?? taken?.versions ?? { '1.0.0': 1 },
      poll: { everyMs: options.poll, jitter: options.jitter, firstWithinMs: options.firstWithin },
      network: { cut: options.cut, unreachable: options.unreachable, bytesPerS: options.rate },
      power: { cut: options.powerCycle },
      rebootMs: options.reboot,
      boots: { '*': { fails, flaky, loops, silent, 'crashes-later': crashLater } },
    },
    devices: listed(wanted).map((id) => ({ id })),
    offline: options.offline ?? 0,
    release: { version: options.becomes ?? taken?.version ?? '1.1.0', size: options.size ?? taken?.size },
    rollout,
    steps: options.at ?? [],
    resumeAfterMs: options.resumeAfter,
    ...(options.for !== undefined && { forMs: options.for }),
  };
  try {
    return warpSpec(wish);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandError('usage', `it cannot be simulated: ${error.message}`, { exitCode: EXIT.usage });
  }
}

/** Devices that are named: there must be such, for a wave of strangers would be empty. */
function listed({ target, waves = [] }: Wanted): string[] {
  return [...new Set([...(target?.ids ?? []), ...waves.flatMap(({ ids = [] }) => ids)])];
}

async function takenFrom(invocation: Invocation, options: WarpCommand, given: Wanted): Promise<Taken | undefined> {
  const { release, fromRollout } = options;
  if (release === undefined && fromRollout === undefined) return undefined;
  if (release !== undefined && fromRollout !== undefined) {
    throw new CommandError('usage', '--release and --from-rollout exclude each other', { exitCode: EXIT.usage });
  }
  return withServer(invocation, options, async (client) => {
    const rollout =
      fromRollout === undefined
        ? undefined
        : await client.get('/rollouts/{rollout}', { path: { rollout: fromRollout } });
    const found = await client.get('/releases/{release}', { path: { release: rollout?.release ?? release ?? 0 } });
    const made = rollout === undefined ? {} : requestOf(rollout);
    const request = { release: found.id, ...made, ...given };
    return { ...(await devicesOf(client, request)), ...ofRelease(found), wanted: { ...made, target: undefined } };
  }).then(({ wanted: { target: _, ...wanted }, ...rest }) => ({ ...rest, wanted }));
}

function ofRelease({ wireVersion, packages }: ApiRelease): Pick<Taken, 'version' | 'size'> {
  return { version: wireVersion, size: Math.max(...packages.map(({ size }) => size)) };
}

/** As many devices as the rollout would reach, running what a thousand of them run. */
async function devicesOf(client: Client, request: ApiRolloutRequest): Promise<Pick<Taken, 'devices' | 'versions'>> {
  const plan = await client.send('POST', '/plan', { body: { request } });
  const { items } = await client.send('POST', '/plan/devices', { query: { limit: SAMPLE }, body: { request } });
  const versions: Record<string, number> = {};
  for (const { version, wave } of items) if (wave !== undefined) versions[version] = (versions[version] ?? 0) + 1;
  if (plan.devices > 0 && Object.keys(versions).length > 0) return { devices: plan.devices, versions };
  throw new CommandError('usage', 'the rollout would reach no device of this server', {
    remedy: 'Say --devices and --version instead, without --release and --from-rollout.',
    exitCode: EXIT.usage,
  });
}

/** A rollout as it was asked for. */
function requestOf(rollout: ApiRollout): Wanted {
  const { waves, windows, timeZone, soakMs, confirm, pause, silentAfterMs, mayDowngrade, limits } = rollout;
  const target = targetOf(rollout.target);
  return {
    ...(target !== undefined && { target }),
    ...{ waves: waves.map(waveOf), windows, timeZone, soakMs, confirm, pause, silentAfterMs, mayDowngrade, limits },
  };
}

function targetOf({ kind, query, group, ids }: ApiTarget): Wanted['target'] {
  if (kind === 'all') return undefined;
  if (query !== undefined) return { query };
  return group === undefined ? { ids: ids ?? [] } : { group };
}

function waveOf({ percent, ids }: ApiWave): { readonly percent: number } | { readonly ids: readonly string[] } {
  return percent === undefined ? { ids: ids ?? [] } : { percent };
}
