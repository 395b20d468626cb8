/** What a main script assigns to its globals, in this order. */
export type Globals = Readonly<Record<string, string>>;

/** How wide luac's numbers are: 32-bit builds, as LuatOS uses, or 64-bit ones. */
export interface LuacWidths {
  readonly sizeT: 4 | 8;
  readonly integer: 4 | 8;
  readonly number: 4 | 8;
}

const NARROW: LuacWidths = { sizeT: 4, integer: 4, number: 4 };
const SETTABUP = 8;
const RETURN = 38;

/** Lua 5.3 bytecode of a main script that assigns strings to globals and returns, stripped, as `luac -s` writes it. */
export function makeLuac(globals: Globals, widths: LuacWidths = NARROW): Uint8Array {
  const constants = [...new Set(Object.entries(globals).flat())];
  const at = (text: string | undefined) => 0x100 | constants.indexOf(text ?? '');
  const code = Object.entries(globals).map(([name, value]) => ((at(name) << 23) | (at(value) << 14) | SETTABUP) >>> 0);
  return Buffer.concat([
    Buffer.from('\x1bLua\x53\x00\x19\x93\r\n\x1a\n', 'latin1'),
    Buffer.from([4, widths.sizeT, 4, widths.integer, widths.number]),
    integerOf(0x5678, widths.integer),
    numberOf(370.5, widths.number),
    Buffer.from([1]),
    // No source name, lines 0 to 0, no parameters, variadic, two registers.
    Buffer.from([0, ...Array(8).fill(0), 0, 1, 2]),
    listOf([...code, (1 << 23) | RETURN].map(u32)),
    listOf(constants.map((text) => constantOf(text, widths.sizeT))),
    listOf([Buffer.from([1, 0])]),
    // No inner functions, no lines, no locals, no names of upvalues.
    ...Array.from({ length: 4 }, () => u32(0)),
  ]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function integerOf(value: number, width: 4 | 8): Buffer {
  return Buffer.concat([u32(value), Buffer.alloc(width - 4)]);
}

function numberOf(value: number, width: 4 | 8): Buffer {
  const bytes = Buffer.alloc(width);
  if (width === 4) bytes.writeFloatLE(value);
  else bytes.writeDoubleLE(value);
  return bytes;
}

function listOf(items: readonly Uint8Array[]): Buffer {
  return Buffer.concat([u32(items.length), ...items]);
}

/** Short strings have their length in a byte; from 254 bytes on it follows in full. Over 40 bytes they are "long". */
function constantOf(text: string, sizeT: 4 | 8): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const size = bytes.length + 1;
  const length = size < 0xff ? [size] : [0xff, ...integerOf(size, sizeT)];
  return Buffer.concat([Buffer.from([bytes.length <= 40 ? 0x04 : 0x14, ...length]), bytes]);
}
