/** Releases that somebody brings in a folder, as on a stick: each a FILE beside its FILE.minisig. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  compareVersions,
  type Manifest,
  onWire,
  parseManifest,
  parseSignature,
  SIGNATURE_TEXT_LIMIT,
  wireVersion,
} from '@libfota2/protocol';
import { readRegularFile } from 'libfota2/agent';
import type { Tell } from './log.ts';

export interface OfflineOptions {
  readonly folder: string;
  /** Only what is signed for it is offered. */
  readonly firmware: string | undefined;
  readonly core: string | undefined;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  readonly version: () => Promise<string | undefined>;
  /** SHA-256 of what was tried and given up. */
  readonly fell: () => Promise<string | undefined>;
  /**
   * Has it installed, under all checks: what is read here proves nothing yet. `taken`: that ends the looking; `refused`: not to be
   * offered again unless it changes; `failed`: not before the next round; `later`: at the next look.
   */
  readonly offer: (file: string, manifest: Manifest) => Promise<'taken' | 'refused' | 'failed' | 'later'>;
  readonly tell: Tell;
}

export interface Offline {
  /** What failed is offered once more at the next look: a round is over. */
  again(): void;
  /** Ends the looking; resolves once the last look is over. */
  stop(): Promise<void>;
}

const SIDECAR = '.minisig';
/** A folder that has more is no stick with releases. */
const MOST_FILES = 1_000;

interface Candidate {
  readonly file: string;
  readonly manifest: Manifest;
  /** Changes with the file and its signature. */
  readonly state: string;
}

/** Looks into the folder again and again; it need not be there. The newest that may be taken is offered first. */
export function watchFolder(options: OfflineOptions): Offline {
  const { folder, everyMs, tell } = options;
  /** By file, in which state it was that nobody need offer again, and how that ended. */
  const settled = new Map<string, { readonly state: string; readonly end: 'taken' | 'refused' | 'failed' }>();
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;

  const look = async (): Promise<void> => {
    const found = await candidatesIn(options);
    for (const { file, manifest, state } of found) {
      if (isOver || settled.get(file)?.state === state) continue;
      const end = await options.offer(join(folder, file), manifest);
      if (end !== 'later') settled.set(file, { state, end });
      if (end === 'taken' || end === 'later') return;
    }
  };
  const goOn = async (): Promise<void> => {
    await look().catch((error: Error) => tell('warn', 'offline-unreadable', error.message));
    if (!isOver) timer = setTimeout(() => void begin(), everyMs);
  };
  let looking: Promise<void> = Promise.resolve();
  const begin = (): void => {
    looking = goOn();
  };
  begin();
  return {
    again() {
      for (const [file, { end }] of settled) if (end === 'failed') settled.delete(file);
    },
    async stop() {
      isOver = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

/**
 * The newest first. What is not newer is refused anyway, unless it is signed for going back. What is newer is of no use where another
 * one leads back from there: whoever brings 2.0 and 1.5 signed for going back from it wants 1.5, and the device would go to and fro,
 * with each start of an agent that has forgotten both.
 */
async function candidatesIn(options: OfflineOptions): Promise<readonly Candidate[]> {
  const { folder, firmware, core } = options;
  const names = await readdir(folder).catch(() => []);
  const signed = names.filter((name) => name.endsWith(SIDECAR)).slice(0, MOST_FILES);
  if (signed.length === 0) return [];
  const [version, fell] = [await options.version(), await options.fell()];
  const runs = version && wireVersion(version, core);
  const found: Candidate[] = [];
  for (const name of signed) {
    const candidate = await candidateIn(folder, name.slice(0, -SIDECAR.length));
    if (candidate !== undefined && candidate.manifest.firmwareName === firmware) found.push(candidate);
  }
  const untried = found.filter(({ manifest }) => manifest.sha256 !== fell);
  const isOfUse = (one: Candidate): boolean =>
    runs !== undefined && compareVersions(wired(one), runs) <= 0
      ? leadsBack(one, runs)
      : !untried.some((other) => leadsBack(other, wired(one)));
  return untried.filter(isOfUse).toSorted((one, other) => compareVersions(wired(other), wired(one)));
}

/** Whether it is signed for going back to it from this version. */
function leadsBack(candidate: Candidate, version: string): boolean {
  const { downgradeFrom } = candidate.manifest;
  if (downgradeFrom === undefined || compareVersions(wired(candidate), version) >= 0) return false;
  return compareVersions(version, onWire(downgradeFrom, candidate.manifest)) <= 0;
}

function wired({ manifest }: Candidate): string {
  return onWire(manifest.version, manifest);
}

/** `undefined` where the file is not there, is no plain file, or its signature is none of ours. */
async function candidateIn(folder: string, file: string): Promise<Candidate | undefined> {
  try {
    const path = join(folder, file);
    const [image, signature] = [await lstat(path), await lstat(path + SIDECAR)];
    // A link may lead to a device, which to open alone may do harm.
    if (!image.isFile() || !signature.isFile()) return undefined;
    const text = await readRegularFile(path + SIDECAR, SIGNATURE_TEXT_LIMIT);
    if (text === undefined) return undefined;
    const { trustedComment } = parseSignature(text.toString());
    const state = [image, signature].map(({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`).join(' ');
    return { file, manifest: parseManifest(trustedComment), state };
  } catch {
    return undefined;
  }
}
