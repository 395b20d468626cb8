import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openDiskPackages } from './adapters/disk/packages.ts';
import { createInspector } from './adapters/formats/inspector.ts';
import { hotPackages } from './adapters/hot/packages.ts';
import { openSqliteStore } from './adapters/sqlite/store.ts';
import { FotaServerError } from './domain/errors.ts';
import type { Refused } from './http/refused.ts';
import type { Settings } from './options.ts';
import type { Later, PackageStore } from './ports.ts';
import { openCatalogue } from './usecases/catalogue.ts';
import { type CheckIns, createCheckIns } from './usecases/check-in.ts';
import { openFleet } from './usecases/fleet.ts';
import { createGrouping } from './usecases/grouping.ts';
import { createNoise } from './usecases/noise.ts';
import { createOperator, type Operator } from './usecases/operator.ts';

/** The server without its doors: what they lead to. */
export interface Application {
  readonly operator: Operator;
  readonly checkIns: CheckIns;
  readonly packages: PackageStore;
  /** A connection was refused before it asked anything. */
  readonly onRefused: (refused: Refused) => void;
  /** From now on the operator's changes are refused; those under way may end. */
  refuse(): void;
}

const SOON_MS = 1_000;
const IDLE_MS = 60_000;

const later: Later = (ms, work) => {
  if (ms === 0) {
    const turn = setImmediate(work);
    return { cancel: () => clearImmediate(turn) };
  }
  const timer = setTimeout(work, ms);
  return { cancel: () => clearTimeout(timer) };
};

/** Opens everything on a locked data folder; what must be closed afterwards is added to `closers`. */
export async function openApplication(
  dataDir: string,
  settings: Settings,
  closers: Array<() => unknown>,
): Promise<Application> {
  const { onProblem, onCheckIn, graceMs, deliveriesPerDay, maxDevices, cacheBytes } = settings;
  const now = Date.now;
  const store = await openSqliteStore(join(dataDir, 'fota.db'));
  closers.push(() => store.close());
  const packages = hotPackages(await openDiskPackages(join(dataDir, 'packages')), { bytes: cacheBytes });

  const times = { soonMs: SOON_MS, idleMs: IDLE_MS };
  const grouping = createGrouping({ store: store.devices, later, times, onProblem });
  const fleet = await openFleet({ store: store.devices, grouping, maxDevices });
  closers.push(() => fleet.flush().catch(onProblem));
  const noise = createNoise({ note: fleet.note, later });
  closers.push(noise.flush);
  const writing = tracked();
  closers.push(() => writing.settle(graceMs));

  const newKey = (): string => randomBytes(16).toString('hex');
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const catalogue = await openCatalogue({ store: store.catalogue, now, newKey, sha256, deliveriesPerDay });
  const inspector = createInspector();
  const operator = createOperator({ catalogue, fleet, devices: store.devices, packages, inspector, now });
  const checkIns = createCheckIns({ plan: catalogue.plan, fleet, noise, now, onCheckIn });

  return {
    operator: {
      ...operator,
      createProject: writing.guard(operator.createProject),
      updateProject: writing.guard(operator.updateProject),
      rotateKey: writing.guard(operator.rotateKey),
      revokeKey: writing.guard(operator.revokeKey),
      takeIn: writing.guard(operator.takeIn),
      publish: writing.guard(operator.publish),
      publishDraft: writing.guard(operator.publishDraft),
      withdraw: writing.guard(operator.withdraw),
      setAccess: writing.guard(operator.setAccess),
    },
    checkIns,
    packages,
    onRefused: ({ reason, status, address, excerpt, at }) => {
      const device = { project: '', firmwareName: '', idKind: 'imei', id: '', version: '' } as const;
      const detail = `${reason} from ${address || 'an unknown address'}: ${excerpt}`;
      const none = { rule: undefined, release: undefined, releaseVersion: undefined, bytes: undefined };
      noise.heard({ at, event: 'unreadable', device, code: status, ...none, detail });
    },
    refuse: writing.refuse,
  };
}

/** Changes that must end before the database closes. */
function tracked(): {
  guard<A extends readonly unknown[], T>(work: (...args: A) => Promise<T>): (...args: A) => Promise<T>;
  refuse(): void;
  settle(graceMs: number): Promise<unknown>;
} {
  const running = new Set<Promise<unknown>>();
  let refusing = false;
  return {
    guard:
      (work) =>
      async (...args) => {
        if (refusing) throw new FotaServerError('closed', 'the server is closing or closed');
        const result = work(...args);
        running.add(result);
        return result.finally(() => running.delete(result));
      },
    refuse() {
      refusing = true;
    },
    settle(graceMs) {
      let timer: NodeJS.Timeout | undefined;
      const grace = new Promise((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      return Promise.race([Promise.allSettled(running), grace]).finally(() => clearTimeout(timer));
    },
  };
}
