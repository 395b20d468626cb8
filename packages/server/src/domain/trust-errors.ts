/** What goes wrong with signatures and key rings; part of the table in errors.ts. The protocol's `TrustError` has the same codes. */
export const TRUST_ERRORS = {
  'signature-missing': {
    means: 'The project has a key ring, and what is to be published, or the next ring, is not signed.',
    remedy: 'Sign it with fota sign, and give the signature: fota publish --signature FILE.minisig.',
  },
  'signature-malformed': {
    means: 'This is no signature of minisign, or one that is not prehashed.',
    remedy: 'Give the whole text of the .minisig file; sign with fota sign, or minisign -S without -l.',
  },
  'signature-unknown-key': {
    means: 'The signature was made by a key that the key ring does not hold for this.',
    remedy: 'Sign with a release key of the ring, a ring with a ring key of the one before; fota keys show names them.',
  },
  'signature-invalid': {
    means: 'The key did not make this signature for these bytes, or not with this comment.',
    remedy: 'Sign the very file that is published; where that was done, find out who changed it on its way.',
  },
  'signature-older': {
    means: 'The same bytes are published with a signature that was made later; what it says would be gone.',
    remedy: 'Sign it again now, and publish it with that signature.',
  },
  'manifest-malformed': {
    means:
      'The trusted comment of the signature does not say what is signed, or says it in words that are not understood.',
    remedy:
      'Sign with fota sign, which writes the comment, or let minisign -S -t take what fota sign --comment prints.',
  },
  'manifest-mismatch': {
    means: 'It is signed for another project, another firmware or version, or other bytes than are published.',
    remedy: 'Publish it under the name and version that it was signed for, or sign it again.',
  },
  'manifest-expired': {
    means: 'It was signed to be taken until a time that has passed: no device would take it.',
    remedy: 'Sign it again, with a later not-after or without one.',
  },
  'key-ring-none': {
    means: 'The project has no key ring: nobody has told the server whose signatures its devices trust.',
    remedy: 'Set the one that its devices were given: fota project trust PROJECT FILE.ring.',
  },
  'key-ring-malformed': {
    means: 'This is no key ring, or an update of one that is too long to travel to devices.',
    remedy: 'Give the whole text that fota keys new or fota keys rotate wrote.',
  },
  'key-ring-mismatch': {
    means: "The key ring does not follow the project's: another project, or another serial number than the next.",
    remedy:
      'Make the next ring from the one that the server has. Where all ring keys are lost, --replace begins anew: devices get such a ring with an application only.',
  },
} as const;
