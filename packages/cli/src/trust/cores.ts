/** Cores as options name them, and as signatures have them: digits without zeros in front. */
import { type Manifest, onWire } from '@libfota2/protocol';

/** `V2013` or `2013`, and `none`. @throws FotaServerError `core-invalid` */
export async function coreIn(core: string): Promise<string | undefined> {
  const { checkedNames, NO_CORE } = await import('@libfota2/server');
  if (core === NO_CORE) return undefined;
  return checkedNames('any', '1', core).core?.replace(/^0+(?=\d)/, '');
}

/** `V2012` or `2012`, and `any`. @throws FotaServerError `core-invalid` */
export async function sourceIn(source: string): Promise<string | undefined> {
  const { ANY_SOURCE, sourceOf } = await import('@libfota2/server');
  const digits = sourceOf(source);
  return digits === ANY_SOURCE ? undefined : digits;
}

/** A device to which something signed is held. */
interface Imagined {
  /** In digits. */
  readonly core: string | undefined;
  /** What it tells on the wire. */
  readonly version: string | undefined;
  readonly floor: string | undefined;
}

/** A version as LuatOS devices tell it: behind their core. */
const WITH_CORE = /^(\d{4,10})\.\d+\.\d+$/;

/**
 * The device that somebody has in mind. Where nothing is said, its core is the one that its version begins with, else that which
 * the image is made from, else the one that it leads to.
 * @throws FotaServerError `core-invalid`
 */
export async function imagined(
  manifest: Manifest,
  { core, running, floor }: { readonly core?: string; readonly running?: string; readonly floor?: string },
): Promise<Imagined> {
  const known = manifest.source ?? manifest.core;
  const its = core === undefined ? known && (WITH_CORE.exec(running ?? '')?.[1] ?? known) : await coreIn(core);
  const wire = (version: string | undefined): string | undefined =>
    version === undefined || WITH_CORE.test(version) ? version : onWire(version, { core: its });
  return { core: its, version: wire(running), floor: wire(floor) };
}
