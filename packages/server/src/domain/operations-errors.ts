/** The part of the server's errors that is about running it: certificates, copies, backups. See `errors.ts`. */
export const OPERATIONS_ERRORS = {
  'tls-file-unreadable': {
    means: 'A file of a certificate, its key, its passphrase or an authority cannot be read.',
    remedy: 'Check its path, and that the user of the server may read it.',
  },
  'tls-certificate-invalid': {
    means: 'A file that should hold a certificate does not, or its chain or its strength will not do.',
    remedy: 'Give it as PEM: the certificate first, those between it and the authority behind it.',
  },
  'tls-key-invalid': {
    means: 'A file that should hold the key of a certificate does not, or its passphrase is missing or wrong.',
    remedy: 'Give the key as PEM; where it is encrypted, its passphrase in a file of its own.',
  },
  'tls-key-mismatch': {
    means: 'The key is not that of the certificate.',
    remedy: 'Name the key that the certificate was made for. Where both were just replaced, look whether both were.',
  },
  'tls-certificate-expiring': {
    means: 'A certificate expires within 14 days.',
    remedy: 'Renew it: the server takes the new files by itself, without a restart.',
  },
  'tls-certificate-expired': {
    means: 'A certificate has expired. It is still shown, for devices that do not look.',
    remedy: 'Renew it: the server takes the new files by itself, without a restart.',
  },
  'backup-running': {
    means: 'Another backup is being made.',
    remedy: 'Wait until it is done, or end the command that makes it.',
  },
  'backup-unreadable': {
    means: 'The backup cannot be read.',
    remedy: 'Check its path and who may read it.',
  },
  'backup-invalid': {
    means: 'The file is no backup, or not all of one, or was changed since it was made.',
    remedy: 'Take another one; fota backup verify says of each whether it is whole.',
  },
  'data-dir-not-empty': {
    means: 'A backup is restored into an empty folder only, and this one holds something.',
    remedy: 'Name a new folder with --data, or put away what is there.',
  },
  'restore-unfinished': {
    means: 'A backup was being restored into this data folder, and that did not come to its end.',
    remedy: 'Restore it again: fota restore FILE --data DIR begins anew.',
  },
  'database-migrated': {
    means: 'A newer program than before has changed the form of the database, and has kept a copy of it as it was.',
    remedy: 'Nothing. To go back to the former program, see docs/operations.md; else the copy may be deleted.',
  },
} as const;
