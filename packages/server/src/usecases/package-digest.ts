import type { Package } from '../domain/catalogue.ts';
import type { Proving } from '../ports/trust.ts';
import type { PackageStore } from '../ports.ts';

/** What the signature of a stored package is made over. @throws FotaServerError `package-damaged` */
export async function packageDigest(
  wanted: Package,
  { open, proving }: { readonly open: PackageStore['open']; readonly proving: Proving },
): Promise<Uint8Array> {
  const opened = await open(wanted);
  try {
    return await proving.blake2b512Of(opened.read(0, wanted.size - 1));
  } finally {
    await opened.close();
  }
}
