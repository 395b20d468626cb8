/** Exactly three groups of digits: what the IoT platform accepts (docs/protocol.md §3). */
const THREE_PARTS = /^(\d+)\.(\d+)\.(\d+)$/;

/** Whether VERSION has the form xxx.yyy.zzz. */
export function isThreePartVersion(version: string): boolean {
  return THREE_PARTS.test(version);
}

/**
 * The version as it goes on the wire (docs/protocol.md §3).
 *
 * With a core `V2012`, VERSION `001.000.005` becomes `2012.001.005`: the core's number, then the first and the last
 * part; leading zeros stay. Without a core, or when the version begins with the core's number already, it goes verbatim.
 */
export function wireVersion(version: string, core: string | undefined): string {
  if (core === undefined) return version;
  const number = core.slice(1);
  const parts = THREE_PARTS.exec(version);
  if (parts === null || parts[1] === number) return version;
  return `${number}.${parts[1]}.${parts[3]}`;
}

/**
 * Orders two dotted versions part by part: digits as numbers of any width, a missing part as 0, other parts as text
 * after numbers. Returns a negative number, 0 or a positive number.
 */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = comparePart(left[i] ?? '0', right[i] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

const DIGITS = /^\d+$/;

function comparePart(a: string, b: string): number {
  const aIsNumber = DIGITS.test(a);
  const bIsNumber = DIGITS.test(b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  // Digits of any width: the longer one, without its leading zeros, is the greater; equal widths compare as text.
  const x = aIsNumber ? a.replace(/^0+/, '') : a;
  const y = bIsNumber ? b.replace(/^0+/, '') : b;
  if (aIsNumber && x.length !== y.length) return x.length - y.length;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** `<PROJECT>_LuatOS-SoC_<bsp>`, the bsp cut at its first `-`; the bare project on a device without a bsp. */
export function defaultFirmwareName(project: string, bsp: string | undefined): string {
  return bsp === undefined ? project : `${project}_LuatOS-SoC_${bsp.split('-')[0]}`;
}
