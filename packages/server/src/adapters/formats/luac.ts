import { createHash } from 'node:crypto';
import { bufferOf } from './bytes.ts';

/** What a main script says of itself. */
export interface ScriptIdentity {
  readonly project?: string;
  readonly version?: string;
  readonly productKeySha256?: string;
}

/** Constants of a program, and more, are few: what claims more is no program. */
const MOST = 1 << 20;
const OP_SETTABUP = 8;
/** In an instruction's B and C: the rest is the index of a constant. */
const CONSTANT = 0x100;
const LONGEST = 128;
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFFFD]/u;

/** Reads PROJECT, VERSION and PRODUCT_KEY out of a main script: Lua 5.3 bytecode, or Lua. Never throws. */
export function readIdentity(script: Uint8Array): ScriptIdentity {
  const bytes = bufferOf(script);
  const globals = bytes.indexOf('\x1bLua', 0, 'latin1') === 0 ? compiledGlobals(bytes) : sourceGlobals(bytes);
  const project = printable(globals.get('PROJECT'));
  const version = printable(globals.get('VERSION'));
  const key = globals.get('PRODUCT_KEY');
  return {
    ...(project === undefined ? {} : { project }),
    ...(version === undefined ? {} : { version }),
    ...(key === undefined || key === '' ? {} : { productKeySha256: createHash('sha256').update(key).digest('hex') }),
  };
}

function printable(text: string | undefined): string | undefined {
  const fits = text !== undefined && text !== '' && text.length <= LONGEST && !UNPRINTABLE.test(text);
  return fits ? text : undefined;
}

function sourceGlobals(bytes: Buffer): Map<string, string> {
  const text = bytes.subarray(0, MOST).toString('utf8');
  const assignments = text.matchAll(/^[ \t]*(PROJECT|VERSION|PRODUCT_KEY)[ \t]*=[ \t]*(["'])([^"'\\\r\n]{0,256})\2/gm);
  return new Map([...assignments].map(([, name = '', , value = '']) => [name, value]));
}

/**
 * The string constants that the main function assigns to globals. Reading instructions, not only constants, keeps
 * apart what merely lies side by side: a constant that was used before is not written down again.
 */
function compiledGlobals(bytes: Buffer): Map<string, string> {
  try {
    const { code, constants } = mainFunction(bytes);
    const globals = new Map<string, string>();
    for (const instruction of code) {
      const name = constants[(instruction >>> 23) - CONSTANT];
      const value = constants[((instruction >>> 14) & 0x1ff) - CONSTANT];
      const assigns = (instruction & 0x3f) === OP_SETTABUP;
      if (assigns && name !== undefined && value !== undefined) globals.set(name, value);
    }
    return globals;
  } catch (error) {
    // Another Lua, an encrypted one, or one that ends too early: then the script does not say who it is.
    if (error instanceof RangeError) return new Map();
    throw error;
  }
}

/** @throws RangeError where this is no Lua 5.3 */
function mainFunction(bytes: Buffer): { code: number[]; constants: Array<string | undefined> } {
  const sizes = bytes.subarray(12, 17);
  const [int, sizeT, instruction, integer, number] = [...sizes];
  const known = bytes[4] === 0x53 && int === 4 && instruction === 4 && (sizeT === 4 || sizeT === 8);
  if (!known || integer === undefined || number === undefined) throw new RangeError('no Lua 5.3');
  const reader = new ChunkReader(bytes, 17 + integer + number + 1, sizeT);
  reader.string();
  reader.skip(4 + 4 + 3);
  const code = reader.times(() => reader.u32());
  const constants = reader.times(() => reader.constant(integer, number));
  return { code, constants };
}

/** Walks over what luac wrote; beyond the end of it is a RangeError. */
class ChunkReader {
  readonly #bytes: Buffer;
  readonly #sizeT: 4 | 8;
  #at: number;

  constructor(bytes: Buffer, at: number, sizeT: 4 | 8) {
    this.#bytes = bytes;
    this.#at = at;
    this.#sizeT = sizeT;
  }

  skip(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw new RangeError('beyond the end');
    this.#at += count;
    return at;
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.skip(4));
  }

  times<T>(read: () => T): T[] {
    const count = this.u32();
    if (count > MOST) throw new RangeError('too many');
    const list: T[] = [];
    for (let i = 0; i < count; i += 1) list.push(read());
    return list;
  }

  constant(integer: number, number: number): string | undefined {
    const type = this.#bytes.readUInt8(this.skip(1));
    if (type === 0x04 || type === 0x14) return this.string();
    const sizes = new Map([
      [0x00, 0],
      [0x01, 1],
      [0x03, number],
      [0x13, integer],
    ]);
    const size = sizes.get(type);
    if (size === undefined) throw new RangeError('no constant');
    this.skip(size);
    return undefined;
  }

  string(): string | undefined {
    const short = this.#bytes.readUInt8(this.skip(1));
    if (short === 0) return undefined;
    const size = short < 0xff ? short : this.u32();
    if (short === 0xff && this.#sizeT === 8) this.skip(4);
    const at = this.skip(Math.max(size - 1, 0));
    return this.#bytes.toString('utf8', at, this.#at);
  }
}
