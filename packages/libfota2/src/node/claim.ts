import { basename } from 'node:path';
import type { Kept } from '../core.ts';
import { isForeign, newPartName } from './owner.ts';
import { type FileSystem, fileNotebook } from './update-file.ts';

/**
 * Who writes into a slot, and what may be gone on with there. It is durable before the first byte is written: what it does not name is not
 * in the slot any more.
 */
export interface Claim {
  readonly slot: string;
  /** `undefined` while nobody writes. */
  readonly writer: string | undefined;
  /** Beginnings of an image that lie in the slot. All of them are of one image: each is the beginning of the longer ones. */
  readonly kept: readonly Kept[];
}

export interface Claims {
  /** What cannot be read counts as absent: then the image is brought from the start. */
  load(): Promise<Claim | undefined>;
  save(claim: Claim): Promise<void>;
}

const NAME = /^[\w.-]{1,200}$/;

/** The claim beside a place for images, in `update.bin.writing`. */
export function claimsBeside(place: string, files: FileSystem): Claims {
  const notebook = fileNotebook(`${place}.writing`, place, files);
  return {
    load: async () => parseClaim(await notebook.load()),
    save: (claim) => notebook.save(formatClaim(claim)),
  };
}

/** A name for one writer at this place, never used before. */
export function newWriter(place: string): string {
  return basename(newPartName(place));
}

/** Whether another process that lives, or another thread of this one, writes there. */
export function isWrittenElsewhere(claim: Claim | undefined): boolean {
  return claim?.writer !== undefined && isForeign(claim.writer);
}

function formatClaim({ slot, writer = '-', kept }: Claim): string {
  const lines = [
    `slot ${slot}`,
    `writer ${writer}`,
    ...kept.map(({ token, bytes }) => `kept ${token} ${bytes}`),
    'end',
  ];
  return `${lines.join('\n')}\n`;
}

function parseClaim(text: string | undefined): Claim | undefined {
  const [, slot, writer, lines] = /^slot ([ab])\nwriter (\S+)\n((?:kept \S+ \d{1,15}\n)*)end\n$/.exec(text ?? '') ?? [];
  if (slot === undefined || writer === undefined || lines === undefined) return undefined;
  const kept = [...lines.matchAll(/^kept (\S+) (\d+)$/gm)].map(([, token = '', bytes]) => ({
    token,
    bytes: Number(bytes),
  }));
  return { slot, writer: NAME.test(writer) && writer !== '-' ? writer : undefined, kept };
}
