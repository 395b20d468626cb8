/** The columns of a table of devices, in the order in which an export has them (docs/devices-csv.md). */

/** What an operator says of a device; an import takes these. */
export const OWN_COLUMNS = ['id', 'access', 'labels', 'note', 'pin'] as const;

/** What the server knows by itself; an import passes over these, but for `project`, which must be its own. */
export const KNOWN_COLUMNS = [
  'project',
  'firmware',
  'version',
  'first_seen',
  'last_seen',
  'asked',
  'rule',
  'deliveries',
  'release',
  'rollout',
  'wave',
  'state',
  'state_since',
  'code',
  'reason',
  'deferred_until',
  'key_ring',
] as const;

export type Column = (typeof OWN_COLUMNS)[number] | (typeof KNOWN_COLUMNS)[number];

export const COLUMNS: readonly Column[] = [...OWN_COLUMNS, ...KNOWN_COLUMNS];

/** A cell that takes away what the device has; an empty one leaves it as it is. As a text of its own it has the guard: `'-`. */
export const NOTHING = '-';
/** Behind the version of a pin. */
export const DOWNGRADE = 'downgrade';
