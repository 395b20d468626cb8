import { BODIES } from './bodies.ts';
import { BREAKS } from './breaks.ts';
import { RANGES } from './ranges.ts';
import type { Misbehaviour } from './row.ts';
import { STATUSES } from './statuses.ts';
import { TLS } from './tls.ts';
import { WHOLES } from './wholes.ts';

/** Every server that the library is tried against, and how it must end with it. */
export const MISBEHAVIOURS: readonly Misbehaviour[] = [...WHOLES, ...RANGES, ...BREAKS, ...BODIES, ...STATUSES, ...TLS];
