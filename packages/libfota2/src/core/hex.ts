const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 as lower-case hex: digests travel as base64 in headers and are shown to people as hex. */
export function base64ToHex(base64: string): string {
  let hex = '';
  let bits = 0;
  let held = 0;
  for (const character of base64.replace(/=+$/, '')) {
    held = ((held << 6) | ALPHABET.indexOf(character)) & 0xfff;
    bits += 6;
    while (bits >= 4) {
      bits -= 4;
      hex += ((held >> bits) & 0xf).toString(16);
    }
  }
  return hex.slice(0, hex.length & ~1);
}
