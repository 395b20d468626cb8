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
 * after numbers. Returns a negative number, 0 or a positive number. Nothing is copied: it is asked of each device.
 */
export function compareVersions(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i <= a.length || j <= b.length) {
    const [iEnd, jEnd] = [endOfPart(a, i), endOfPart(b, j)];
    const order = comparePart(a, i, iEnd, b, j, jEnd);
    if (order !== 0) return order;
    i = iEnd + 1;
    j = jEnd + 1;
  }
  return 0;
}

/** Where the part that begins at `from` ends; a part that is missing is empty, and begins behind the end of the text. */
function endOfPart(text: string, from: number): number {
  const dot = text.indexOf('.', from);
  return dot < 0 ? Math.max(from, text.length) : dot;
}

function comparePart(a: string, i: number, iEnd: number, b: string, j: number, jEnd: number): number {
  const aIsNumber = isNumber(a, i, iEnd);
  const bIsNumber = isNumber(b, j, jEnd);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  if (!aIsNumber) return compareText(a.slice(i, iEnd), b.slice(j, jEnd));
  // Digits of any width: the longer one, without its leading zeros, is the greater; equal widths compare as text.
  const x = significant(a, i, iEnd);
  const y = significant(b, j, jEnd);
  if (iEnd - x !== jEnd - y) return iEnd - x - (jEnd - y);
  for (let k = 0; k < iEnd - x; k += 1) {
    const order = a.charCodeAt(x + k) - b.charCodeAt(y + k);
    if (order !== 0) return order;
  }
  return 0;
}

function compareText(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}

/** A missing part is the number 0; an empty one is no number. */
function isNumber(text: string, from: number, end: number): boolean {
  if (from > text.length) return true;
  for (let at = from; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return end > from;
}

/** Where the leading zeros end. */
function significant(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && text.charCodeAt(at) === 48) at += 1;
  return at;
}

/** `<PROJECT>_LuatOS-SoC_<bsp>`, the bsp cut at its first `-`; the bare project on a device without a bsp. */
export function defaultFirmwareName(project: string, bsp: string | undefined): string {
  return bsp === undefined ? project : `${project}_LuatOS-SoC_${bsp.split('-')[0]}`;
}
