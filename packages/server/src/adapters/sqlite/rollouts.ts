import { FotaServerError } from '../../domain/errors.ts';
import type { Rollout, RolloutState, Target, Threshold, Window } from '../../domain/rollout.ts';
import type { RolloutStore, Stop } from '../../ports/rollouts.ts';
import type { StateWriting } from './catalogue.ts';
import type { Database } from './database.ts';
import { either, integer, list, Mismatch, maybe, parts, percentage, text, truth, word } from './read-json.ts';
import type { Reading, Transaction } from './transaction.ts';

/** Rollouts, and whether all offers are halted; a step of the schema. */
export const ROLLOUT_TABLES: string = `
  CREATE TABLE rollout (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    release INTEGER NOT NULL REFERENCES release,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- All the rest, as JSON.
    rest TEXT NOT NULL
  ) STRICT;
  CREATE TABLE stop (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    is_on INTEGER NOT NULL,
    why TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
`;

interface RolloutRow {
  readonly id: number;
  readonly project: string;
  readonly release: number;
  readonly state: string;
  readonly createdAt: number;
  readonly rest: string;
}

const NEVER: Stop = { isOn: false, why: '', at: 0 };

export function rolloutStore(
  database: Database,
  transaction: Transaction,
  reading: Reading,
  writeState: StateWriting,
): RolloutStore {
  const all = database.prepare(
    'SELECT id, project, release, state, created_at AS createdAt, rest FROM rollout ORDER BY id',
  );
  const insert = database.prepare(
    'INSERT INTO rollout (project, release, state, created_at, rest) VALUES (?, ?, ?, ?, ?)',
  );
  const change = database.prepare(
    'UPDATE rollout SET project = ?, release = ?, state = ?, created_at = ?, rest = ? WHERE id = ?',
  );
  const stop = database.prepare('SELECT is_on AS isOn, why, at FROM stop');
  const setStop = database.prepare('INSERT OR REPLACE INTO stop (one, is_on, why, at) VALUES (1, ?, ?, ?)');

  return {
    rollouts: async () => (reading(() => all.all()) as unknown as RolloutRow[]).map(rolloutOf),

    add: async (rollout, draft) =>
      transaction('power-cut', () => {
        if (draft !== undefined) writeState(draft, 'published', rollout.createdAt);
        return { ...rollout, id: Number(insert.run(...valuesOf(rollout)).lastInsertRowid) };
      }),

    async update(rollout) {
      transaction('power-cut', () => change.run(...valuesOf(rollout), rollout.id));
    },

    async stop() {
      const row = reading(() => stop.get()) as (Omit<Stop, 'isOn'> & { readonly isOn: number }) | undefined;
      return row === undefined ? NEVER : { ...row, isOn: row.isOn === 1 };
    },

    async setStop({ isOn, why, at }) {
      transaction('power-cut', () => setStop.run(isOn ? 1 : 0, why, at));
    },
  };
}

type Rest = Omit<Rollout, 'id' | 'project' | 'release' | 'state' | 'createdAt'>;

function valuesOf(rollout: Omit<Rollout, 'id'>): Array<string | number> {
  const { project, release, state, createdAt, ...rest } = rollout;
  return [project, release, state, createdAt, JSON.stringify({ ...rest, id: undefined })];
}

/** @throws FotaServerError `database-damaged` */
function rolloutOf({ id, rest, state, project, release, createdAt }: RolloutRow): Rollout {
  try {
    return { id, project, release, createdAt, state: stateOf(state), ...restOf(JSON.parse(rest)) };
  } catch (error) {
    if (!(error instanceof Mismatch || error instanceof SyntaxError)) throw error;
    throw new FotaServerError('database-damaged', `rollout ${id} is not as it was written: ${error.message}`, error);
  }
}

const stateOf = word<RolloutState>('scheduled', 'running', 'paused', 'complete', 'aborted');
const ids = list(text);
const whole = integer(0);
const some = integer(1);

const target = either(
  either(
    parts<Extract<Target, { kind: 'all' }>>({ kind: word('all') }),
    parts<Extract<Target, { kind: 'query' }>>({ kind: word('query'), query: text }),
  ),
  either(
    parts<Extract<Target, { kind: 'group' }>>({ kind: word('group'), group: text }),
    parts<Extract<Target, { kind: 'list' }>>({ kind: word('list'), ids }),
  ),
);
const threshold = parts<Threshold>({ count: maybe(some), percent: maybe(percentage), ofAtLeast: some });
const window = parts<Window>({ days: list(integer(1, 7)), from: integer(0, 1_439), to: integer(0, 1_440) });

const restOf = parts<Rest>({
  firmwareName: text,
  target,
  waves: list(either(parts<{ percent: number }>({ percent: percentage }), parts<{ ids: readonly string[] }>({ ids }))),
  startAt: maybe(whole),
  windows: list(window),
  timeZone: text,
  soakMs: whole,
  confirm: either(parts<{ count: number }>({ count: whole }), parts<{ percent: number }>({ percent: percentage })),
  pause: parts<Rollout['pause']>({ wave: threshold, overall: threshold }),
  silentAfterMs: whole,
  mayDowngrade: truth,
  limits: parts<Rollout['limits']>({
    downloads: maybe(whole),
    bytesPerHour: maybe(whole),
    bytesPerDevicePerDay: maybe(whole),
  }),
  wave: integer(-1),
  waveOpenedAt: maybe(whole),
  why: text,
  accepted: list(whole),
  startedAt: maybe(whole),
  changedAt: whole,
  endedAt: maybe(whole),
});
