const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Letters and digits, each as likely as the others: bytes beyond the last whole 62 are thrown away. */
export function letters(length: number, random: (bytes: number) => Uint8Array): string {
  let text = '';
  while (text.length < length) {
    const usable = [...random(length)].filter((byte) => byte < 4 * LETTERS.length);
    text += usable.map((byte) => LETTERS.charAt(byte % LETTERS.length)).join('');
  }
  return text.slice(0, length);
}
