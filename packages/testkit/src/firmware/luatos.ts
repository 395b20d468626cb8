import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { compress } from 'lzma';
import { makeImage } from '../images.ts';
import { makeLuac } from './luac.ts';
import { makeLuaDb } from './luadb.ts';

/** The script of a product. */
export interface ScriptWish {
  readonly project?: string;
  readonly version?: string;
  readonly productKey?: string;
  /** Bytes of a further file, which do not compress. */
  readonly ballast?: number;
}

/** A section of the common data. */
export interface SectionWish {
  readonly content: Uint8Array;
  /** `delta`: the content is written as it is, announced with an unpacked length of 0. */
  readonly packing?: 'lzma' | 'stored' | 'delta';
  readonly blockLength?: number;
  readonly address?: number;
}

/** A package for EC618, EC716 or EC718. */
export interface CoreUpgradeWish {
  readonly family?: 'ec618' | 'ec7xx';
  readonly sections?: readonly SectionWish[];
  readonly coreDelta?: Uint8Array;
  /** Numbers of cores, such as 2012; 0: not named. */
  readonly target?: number;
  readonly source?: number;
  readonly appVersion?: number;
}

const MAGICS = { ec618: 0xeaf18c16, ec7xx: 0xeac37218 };

/** The script area of a product: its compiled main script, and another. */
export function makeScript(wish: ScriptWish = {}): Uint8Array {
  const { project = 'demo', version = '001.000.005', productKey, ballast = 0 } = wish;
  return makeLuaDb({
    'main.luac': makeLuac({
      PROJECT: project,
      VERSION: version,
      ...(productKey === undefined ? {} : { PRODUCT_KEY: productKey }),
    }),
    'app.luac': makeLuac({ STARTED: 'yes' }),
    ...(ballast === 0 ? {} : { 'ballast.bin': makeImage(1, ballast) }),
  });
}

/** What the vendor's tool makes for a new script on the same core: the most common upgrade package. */
export function makeScriptPackage(wish: ScriptWish & { readonly family?: 'ec618' | 'ec7xx' } = {}): Uint8Array {
  return makeCoreUpgrade({ family: wish.family ?? 'ec7xx', sections: [{ content: makeScript(wish) }] });
}

/** A package of header, common data and core delta. */
export function makeCoreUpgrade(wish: CoreUpgradeWish): Uint8Array {
  const magic = MAGICS[wish.family ?? 'ec7xx'];
  const common = Buffer.concat((wish.sections ?? []).map((section) => sectionOf(section, magic)));
  const sdk = wish.coreDelta ?? new Uint8Array();
  const isFull = (wish.appVersion ?? 0) !== 0;
  const checked = Buffer.concat([
    isFull ? Buffer.alloc(20, 0xff) : words(0, 0, 0, 0, wish.target ?? 0),
    words(wish.appVersion ?? 0, 0, 0, 0, 0, wish.source ?? 0, common.length, sdk.length),
    md5OrZeros(common),
    md5OrZeros(sdk),
  ]);
  return Buffer.concat([words(magic, plainCrc(checked)), checked, common, sdk]);
}

function sectionOf(wish: SectionWish, magic: number): Buffer {
  const { content, packing = 'lzma', blockLength = 0x40000, address = 0x324000 } = wish;
  const body = packing === 'lzma' ? lzmaBlocks(content, blockLength) : content;
  const length = packing === 'delta' ? 0 : content.length;
  const md5 = createHash('md5').update(content).digest();
  return Buffer.concat([words(magic, body.length, length), md5, words(blockLength, address), body]);
}

function lzmaBlocks(content: Uint8Array, blockLength: number): Buffer {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += blockLength) {
    const stream = Buffer.from(Uint8Array.from(compress(content.subarray(at, at + blockLength), 1)));
    const raw = stream.subarray(13);
    blocks.push(Buffer.from([5]), stream.subarray(0, 5), words(raw.length), raw);
  }
  return Buffer.concat(blocks);
}

/** Little-endian words of 32 bits. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, index * 4);
  return bytes;
}

/** CRC-32 without its final inversion. */
export function plainCrc(bytes: Uint8Array): number {
  return ~crc32(bytes) >>> 0;
}

function md5OrZeros(bytes: Uint8Array): Buffer {
  return bytes.length === 0 ? Buffer.alloc(16) : createHash('md5').update(bytes).digest();
}
