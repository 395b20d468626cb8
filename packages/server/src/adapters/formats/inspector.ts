import { FotaServerError } from '../../domain/errors.ts';
import type { Inspection, PackageSource } from '../../domain/inspection.ts';
import type { PackageInspector } from '../../ports.ts';
import { inspectAir8101, isAir8101 } from './air8101.ts';
import { corrupt, sizeText } from './bytes.ts';
import { inspectCoreUpgrade, isCoreUpgrade, readHeader } from './coreupgrade.ts';
import { inspectLfta, isLfta } from './lfta.ts';
import { isLuaDb } from './luadb.ts';
import { refuseMistakes } from './not-upgrade.ts';
import { readScript } from './script.ts';
import { inspectXt804, isXt804 } from './xt804.ts';

/** Enough to recognise every format, and to hold every error answer. */
const HEAD = 64 << 10;
/** A package of a known format is read whole: no device that has one has more flash. */
const WHOLE = 64 << 20;
const UNPACK_TIMEOUT_MS = 30_000;

/**
 * Inspects packages as formats P1 to P3 say. One at a time, so that what it takes of memory does not grow with the number
 * of uploads; other formats are judged by their first 64 KiB.
 */
export function createInspector(): PackageInspector {
  let last: Promise<unknown> = Promise.resolve();
  return {
    inspect(source, fileName) {
      const inspection = last.then(() => inspect(source, fileName));
      last = inspection.catch(() => undefined);
      return inspection;
    },
  };
}

async function inspect(source: PackageSource, fileName: string | undefined): Promise<Inspection> {
  if (source.size === 0) throw new FotaServerError('package-empty', 'the package has no bytes');
  const head = await read(source, Math.min(HEAD, source.size));
  refuseMistakes(head, source.size, fileName);
  const inspectWhole = recognise(head, fileName);
  if (inspectWhole === undefined) return opaque(source.size);
  if (isCoreUpgrade(head)) await readHeader(head, source.size);
  if (source.size > WHOLE) throw corrupt(`${sizeText(source.size)} is more than any device of its kind can hold`);
  return inspectWhole(head.length === source.size ? head : await read(source, source.size));
}

function recognise(
  head: Uint8Array,
  fileName: string | undefined,
): ((file: Uint8Array) => Promise<Inspection>) | undefined {
  if (isCoreUpgrade(head)) return (file) => inspectCoreUpgrade(file, fileName, UNPACK_TIMEOUT_MS);
  if (isAir8101(head)) return inspectAir8101;
  if (isLfta(head)) return inspectLfta;
  if (isXt804(head)) return inspectXt804;
  return isLuaDb(head) ? inspectLuaDb : undefined;
}

async function inspectLuaDb(file: Uint8Array): Promise<Inspection> {
  const script = await readScript([file]);
  return {
    format: 'luadb',
    kind: 'script',
    ...script?.identity,
    needsSourceCore: false,
    facts: script?.facts ?? [],
    warnings: [
      'This is a bare script area (script.bin): most modules take it only inside an upgrade package.',
      ...(script?.warnings ?? []),
    ],
  };
}

function opaque(size: number): Inspection {
  return {
    format: 'opaque',
    kind: 'unknown',
    needsSourceCore: false,
    facts: [{ label: 'size', value: sizeText(size) }],
    warnings: ['Its format is not known here: nothing in it was checked.'],
  };
}

async function read(source: PackageSource, length: number): Promise<Uint8Array> {
  const bytes = await source.read(0, length);
  if (bytes.length === length) return bytes;
  throw new FotaServerError('package-unreadable', `${bytes.length} bytes came where ${length} were expected`);
}
