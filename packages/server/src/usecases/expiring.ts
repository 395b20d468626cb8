import type { EventType, NewEvent } from '../domain/event.ts';
import { type Expiry, expiriesIn } from '../domain/expiry.ts';
import type { Plan } from '../domain/plan.ts';
import type { Now } from '../ports.ts';

/** Signed releases whose time ends soon, or has ended: whoever has the key is told in time to sign them again. */
export interface Expiring {
  /** The first end first. */
  all(): readonly Expiry[];
  /** Tells of each once that it will end, and once that it has, also across restarts, as far as events are kept. */
  tick(): Promise<void>;
}

/** Between looks. */
const LOOK_MS = 10 * 60_000;
const TYPES = ['release.expiring', 'release.expired'] as const satisfies readonly EventType[];

export function createExpiring(ports: {
  readonly plan: (now: number) => Plan;
  /** Events of these types that are kept. */
  readonly eventsOf: (types: readonly EventType[]) => Promise<readonly NewEvent[]>;
  readonly emit: (event: NewEvent) => void;
  readonly now: Now;
}): Expiring {
  const { plan, eventsOf, emit, now } = ports;
  /** What was told. */
  let told: Set<string> | undefined;
  let nextLook = 0;

  const all = (): readonly Expiry[] => expiriesIn(plan(now()), now());

  return {
    all,
    async tick() {
      // Also where the clock was set back.
      if (now() < nextLook && now() > nextLook - LOOK_MS) return;
      nextLook = now() + LOOK_MS;
      const found = all();
      if (found.length === 0) return;
      told ??= new Set((await eventsOf(TYPES)).map(keyOf));
      for (const event of found.map(eventOf)) {
        if (told.has(keyOf(event))) continue;
        told.add(keyOf(event));
        emit(event);
      }
    },
  };
}

function eventOf({ release: { id, project, firmwareName, version }, at, hasPassed }: Expiry): NewEvent {
  const reason = `by its signature it may be taken until ${new Date(at).toISOString()}`;
  const data = { release: id, version, firmwareName, reason };
  return { type: hasPassed ? 'release.expired' : 'release.expiring', project, data };
}

/** The same only where release and end are: what was signed again may end again. */
function keyOf({ type, data: { release, reason } }: NewEvent): string {
  return [type, release, reason].join('\0');
}
