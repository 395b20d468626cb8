import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Sealing } from '../../ports/sealing.ts';

/** Seals by HMAC-SHA256. */
export const hmacSealing: Sealing = {
  seal(text, key) {
    const encoded = Buffer.from(text).toString('base64url');
    return `${encoded}.${mark(encoded, key).toString('base64url')}`;
  },

  open(sealed, keysFor) {
    const [encoded = '', given = '', more] = sealed.split('.');
    if (more !== undefined) return undefined;
    const text = Buffer.from(encoded, 'base64url').toString();
    const found = Buffer.from(given, 'base64url');
    // The last letter has bits to spare: of the letters that mean the same only one is what was sealed.
    if (found.toString('base64url') !== given) return undefined;
    const isOf = (key: string): boolean => {
      const wanted = mark(encoded, key);
      return found.length === wanted.length && timingSafeEqual(found, wanted);
    };
    return keysFor(text).some(isOf) ? text : undefined;
  },
};

function mark(encoded: string, key: string): Buffer {
  return createHmac('sha256', key).update(encoded).digest();
}
