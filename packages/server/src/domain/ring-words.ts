import type { TrustErrorCode } from '@libfota2/protocol';

const WORDS: Readonly<Partial<Record<TrustErrorCode, string>>> = {
  'signature-missing': 'its package is not signed',
  'signature-unknown-key': "the key that signed it is not in the device's key ring",
  'manifest-early': 'it is signed to be taken later',
  'manifest-expired': 'the time until which it was signed to be taken has passed',
  'manifest-downgrade': 'it is not above what the device runs, and not signed for going back from there',
};

/** Why a device with a key ring would not take a package, as the end of a sentence. */
export function refusedWords(objection: TrustErrorCode | undefined): string {
  return (objection && WORDS[objection]) ?? `its signature does not hold (${objection})`;
}
