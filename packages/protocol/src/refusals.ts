/**
 * The refusals of the IoT platform: the code of its JSON body and the name this project gives it
 * (docs/protocol.md §6). A server answers them with a status of 300 or above; devices report 4.
 */
export const REFUSALS = {
  3: 'invalid-device',
  17: 'no-permission',
  21: 'blocked',
  25: 'invalid-project',
  26: 'invalid-firmware',
  27: 'newest',
  40: 'upgrade-loop',
  43: 'wait',
  44: 'base-missing',
} as const;

export type RefusalCode = keyof typeof REFUSALS;
export type RefusalReason = (typeof REFUSALS)[RefusalCode];

/** What a server said in the body of a refusal. */
export interface Refusal {
  readonly code: number;
  readonly msg: string;
}

/** At most so many characters of a server's message are kept. */
const MESSAGE_LIMIT = 500;

/** Reads `{"code": 27, "msg": "…"}`; anything else is `undefined`, never an exception. */
export function parseRefusal(text: string): Refusal | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, msg } = value as { readonly code?: unknown; readonly msg?: unknown };
  if (typeof code !== 'number' || !Number.isSafeInteger(code)) return undefined;
  return { code, msg: typeof msg === 'string' ? msg.slice(0, MESSAGE_LIMIT) : '' };
}

/** Writes a refusal as the platform does: ASCII only, a space after `:` and `,`. */
export function formatRefusal(refusal: Refusal): string {
  return `{"code": ${refusal.code}, "msg": ${asciiJson(refusal.msg)}}`;
}

/** JSON of which every character is ASCII, so that its length is its bytes whatever a device makes of them. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The name of a platform code, or `undefined` for one that is not documented. */
export function refusalReason(code: number): RefusalReason | undefined {
  return (REFUSALS as Readonly<Record<number, RefusalReason>>)[code];
}
