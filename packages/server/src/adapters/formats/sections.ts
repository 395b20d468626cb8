import { bufferOf, corrupt, md5 } from './bytes.ts';
import { type LzmaBlock, unpackLzma } from './unlzma.ts';

/** A part of the common data, to be written at one address. */
export type Section =
  | { readonly kind: 'delta' }
  | { readonly kind: 'stored'; readonly md5: string; readonly data: Uint8Array }
  | { readonly kind: 'packed'; readonly md5: string; readonly length: number; readonly blocks: readonly Block[] };

type Block = LzmaBlock | { readonly stored: Uint8Array };

const HEADER = 36;
const BLOCK_LIMIT = 4 << 20;
/** All sections together: more than the flash of any of these chips. */
const UNPACKED_LIMIT = 32 << 20;
const SECTION_LIMIT = 64;

/** Takes common data apart. Lengths are checked before anything is unpacked. @throws FotaServerError `package-corrupt` */
export function readSections(common: Uint8Array, magic: number): Section[] {
  const bytes = bufferOf(common);
  const sections: Section[] = [];
  let total = 0;
  for (let at = 0; at < bytes.length; ) {
    const number = sections.length + 1;
    const fail = (what: string) => corrupt(`section ${number} of the common data ${what}`);
    if (number > SECTION_LIMIT) throw corrupt(`the common data have more than ${SECTION_LIMIT} sections`);
    if (bytes.length - at < HEADER) throw fail('ends within its header');
    if (bytes.readUInt32LE(at) !== magic) throw fail('has no valid header');
    const packed = bytes.readUInt32LE(at + 4);
    const length = bytes.readUInt32LE(at + 8);
    const body = bytes.subarray(at + HEADER, at + HEADER + packed);
    if (body.length < packed) throw fail(`announces ${packed} bytes, and ${body.length} are left`);
    total += length;
    if (total > UNPACKED_LIMIT) throw fail(`would unpack to ${length} bytes: more than a device can hold`);
    const expected = bytes.toString('hex', at + 12, at + 28);
    sections.push(readSection(body, length, bytes.readUInt32LE(at + 28), expected, fail));
    at += HEADER + packed;
  }
  return sections;
}

function readSection(body: Buffer, length: number, blockLength: number, expected: string, fail: Fail): Section {
  if (length === 0) return { kind: 'delta' };
  if (length === body.length) return { kind: 'stored', md5: expected, data: body };
  if (blockLength < 1 || blockLength > BLOCK_LIMIT) throw fail(`has blocks of ${blockLength} bytes`);
  return { kind: 'packed', md5: expected, length, blocks: readBlocks(body, length, blockLength, fail) };
}

type Fail = (what: string) => Error;

/** Each block: how long its properties are (5, or 0 where it is stored), these, the packed length, the data. */
function readBlocks(body: Buffer, length: number, blockLength: number, fail: Fail): Block[] {
  const blocks: Block[] = [];
  let left = length;
  for (let at = 0; at < body.length; ) {
    const properties = body[at] ?? 0;
    const start = at + 1 + properties + 4;
    const wanted = Math.min(blockLength, left);
    if (wanted === 0) throw fail('has more blocks than its length allows');
    if ((properties !== 5 && properties !== 0) || start > body.length) {
      throw fail(`has no valid header at block ${blocks.length + 1}`);
    }
    const packed = body.subarray(start, start + body.readUInt32LE(start - 4));
    if (packed.length < body.readUInt32LE(start - 4)) throw fail(`ends within block ${blocks.length + 1}`);
    if (properties === 0 && packed.length !== wanted) throw fail(`has a stored block of ${packed.length} bytes`);
    blocks.push(properties === 0 ? { stored: packed } : { properties: body[at + 1] ?? 0, packed, length: wanted });
    left -= wanted;
    at = start + packed.length;
  }
  if (left > 0) throw fail(`has too few blocks: ${left} bytes are missing`);
  return blocks;
}

/** The content of all sections but deltas, its MD5 checked; `late` if that took too long. @throws FotaServerError `package-corrupt` */
export async function unpackSections(
  sections: readonly Section[],
  timeoutMs: number,
): Promise<readonly Uint8Array[] | 'late'> {
  const packed = sections.flatMap((section, index) =>
    section.kind === 'packed' ? section.blocks.flatMap((block) => ('packed' in block ? [{ index, block }] : [])) : [],
  );
  const answer = await unpackLzma(
    packed.map(({ block }) => block),
    timeoutMs,
  );
  if ('late' in answer) return 'late';
  if ('damaged' in answer) {
    throw corrupt(`section ${(packed[answer.damaged]?.index ?? 0) + 1} of the common data cannot be unpacked`);
  }
  const unpacked = new Map(packed.map(({ block }, at) => [block, answer.blocks[at]]));
  const contents: Uint8Array[] = [];
  for (const [index, section] of sections.entries()) {
    if (section.kind === 'delta') continue;
    const content = section.kind === 'stored' ? section.data : joined(section.blocks, unpacked);
    if ((await md5(content)) !== section.md5)
      throw corrupt(`the MD5 of section ${index + 1} of the common data is wrong`);
    contents.push(content);
  }
  return contents;
}

function joined(blocks: readonly Block[], unpacked: ReadonlyMap<Block, Uint8Array | undefined>): Uint8Array {
  return Buffer.concat(
    blocks.map((block) => ('stored' in block ? block.stored : (unpacked.get(block) ?? new Uint8Array()))),
  );
}
