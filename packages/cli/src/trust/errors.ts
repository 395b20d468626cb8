/** What is told of something signed that is not believed. The codes are protocol's; the words are for who signs. */
import type { TrustErrorCode } from '@libfota2/protocol';

export interface Words {
  readonly means: string;
  readonly remedy: string;
}

export const TRUST_ERRORS: Readonly<Record<TrustErrorCode, Words>> = {
  'signature-missing': {
    means: 'There is no signature, and the key ring demands one.',
    remedy:
      'Sign the file: fota sign FILE --key KEY --project NAME; publish takes FILE.minisig by itself, or --key KEY.',
  },
  'signature-malformed': {
    means: 'The file is no signature of minisign, or one that is not prehashed.',
    remedy: 'Sign again: fota sign, or minisign -S without -l.',
  },
  'signature-unknown-key': {
    means: 'A key that is not trusted here made the signature.',
    remedy: 'Sign with a key of the ring (fota keys show RING), or bring the new key into the ring: fota keys rotate.',
  },
  'signature-invalid': {
    means: 'The key did not make this signature for these bytes, or not for this comment.',
    remedy: 'The file or its signature was changed: take both anew from where they were made, or sign again.',
  },
  'manifest-malformed': {
    means: 'The trusted comment does not say what is signed, or it says what is not known or cannot be.',
    remedy: 'Sign with fota sign, or with minisign -S -t "$(fota sign --comment FILE …)".',
  },
  'manifest-mismatch': {
    means: 'The signature is for another project, another firmware or hardware, another version or other bytes.',
    remedy: 'Compare with fota keys show FILE.minisig; sign again for what is meant.',
  },
  'manifest-early': {
    means: 'What was signed is not valid yet.',
    remedy: 'Wait, check the clock, or sign again with another --not-before.',
  },
  'manifest-expired': {
    means: 'What was signed is not valid any more.',
    remedy: 'Check the clock, or sign again with a later --not-after.',
  },
  'manifest-below-floor': {
    means: 'The version is below the lowest that may still be taken.',
    remedy: 'Publish a version above that floor; nothing below it is ever taken again.',
  },
  'manifest-downgrade': {
    means: 'The version is not above the one that runs, and it is not signed for going back from there.',
    remedy: 'Release a higher version, or sign this one again with --downgrade-from VERSION.',
  },
  'key-ring-malformed': {
    means: 'The file is no key ring.',
    remedy: 'Take the one that fota keys new or fota keys rotate wrote, unchanged.',
  },
  'key-ring-mismatch': {
    means: 'The key ring does not follow the one that is there: another project, or not the next serial number.',
    remedy:
      'Make the next one of the present one: fota keys rotate RING; fota project trust PROJECT shows the present one.',
  },
  'key-malformed': {
    means: 'The file is no key of minisign, not of the wanted kind, or damaged.',
    remedy:
      'Give the .key file where one signs and the .pub file where one verifies; fota keys show FILE tells what it is.',
  },
};

export type KeyErrorCode = 'passphrase-needed' | 'passphrase-wrong' | 'passphrase-memory' | 'rotation-refused';

/** What goes wrong with keys before anything is signed. */
export const KEY_ERRORS: Readonly<Record<KeyErrorCode, Words>> = {
  'passphrase-needed': {
    means: 'A passphrase is needed, and nobody sits at a terminal to type it, or it was typed in two ways.',
    remedy:
      'Give it in FOTA_KEY_PASSPHRASE, of a ring key in FOTA_RING_PASSPHRASE, or at a terminal; for a new key also: --no-passphrase.',
  },
  'passphrase-wrong': {
    means: 'The passphrase does not open the secret key, or the file of the key is damaged.',
    remedy:
      'Type it again, or correct FOTA_KEY_PASSPHRASE, of a ring key FOTA_RING_PASSPHRASE; no passphrase opens a damaged file, but a copy of it.',
  },
  'passphrase-memory': {
    means: 'There is not enough memory to open or lock a secret key: minisign makes that cost 1 GiB.',
    remedy: 'Run it where there is more; a machine of CI can have a key without passphrase, kept among its secrets.',
  },
  'rotation-refused': {
    means: 'The next key ring would have no key of a kind, or three, or be the one that is there.',
    remedy: 'Add and remove keys so that one or two of each kind remain; an old and a new key may overlap.',
  },
};
