declare const atob: (base64: string) => string;

/** Base64 as lower-case hex: digests travel as base64 in headers and are shown to people as hex. */
export function base64ToHex(base64: string): string {
  return Array.from(atob(base64), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}
