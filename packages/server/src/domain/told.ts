import { type Identity, isThreePartVersion, wireVersion } from '@libfota2/protocol';
import type { Release } from './catalogue.ts';
import type { RingUpdate } from './ring-updates.ts';

/** The version that a device told, in the form in which releases are compared, and the core that it runs. */
export interface Told {
  /** Of a device with a key ring: what it holds once it has read the answer. */
  readonly ring?: RingUpdate | undefined;
  readonly version: string;
  /** Without leading zeros; `undefined`: nobody knows. */
  readonly core: string | undefined;
}

const CORE = /^[A-Za-z]?0*(\d{1,10})$/;
/** LuatOS cores have four digits; nobody else's versions begin so high. */
const LEAST_CORE = 1_000;

/**
 * Reads the version of a question as one on the wire, so that all protocols are decided alike (docs/protocol.md §3.4).
 *
 * libfota3 tells core and VERSION apart: they are put together, unless the releases of the firmware go without a core. A URL
 * that a project's own script makes often tells VERSION alone: where the releases begin with a core it is read as if the device
 * ran that of the highest one, but no package for one core is given to it. Compared as it stands, it would be below all of
 * them for ever.
 */
export function toldBy({ version = '', core }: Identity, published: readonly Release[] = []): Told {
  const [highest] = published;
  const number = core === undefined ? undefined : CORE.exec(core)?.[1];
  if (number !== undefined) {
    const isBare = highest !== undefined && highest.core === undefined;
    return { version: isBare ? version : wireVersion(version, `V${number}`), core: number };
  }
  const first = coreOf(version);
  const ofHighest = highest?.core;
  if (ofHighest !== undefined && Number(ofHighest) >= LEAST_CORE && Number(first) < LEAST_CORE) {
    if (isThreePartVersion(version)) return { version: wireVersion(version, `V${ofHighest}`), core: undefined };
  }
  return { version, core: first };
}

/** The core that a device on this version runs, if it has one: LuatOS puts its number first (luatos.md L4). */
export function coreOf(wireVersion: string): string {
  const dot = wireVersion.indexOf('.');
  const number = dot < 0 ? wireVersion : wireVersion.slice(0, dot);
  return number.startsWith('0') ? number.replace(/^0+(?=\d)/, '') : number;
}

/** Whether a version begins with a core, as far as one can see. */
export function looksLikeCore(version = ''): boolean {
  return Number(coreOf(version)) >= LEAST_CORE;
}
