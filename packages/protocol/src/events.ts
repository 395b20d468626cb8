/**
 * Every way in which an upgrade can end: its stable code, the number that the callback gets, and whether asking again
 * later, with nothing changed on the device, may end differently.
 * The table at the top of docs/protocol.md says the same, and a test holds the two together.
 */
export const EVENTS = {
  downloaded: { result: 0, retryable: false },

  'host-not-found': { result: 1, retryable: true },
  'connection-refused': { result: 1, retryable: true },
  'host-unreachable': { result: 1, retryable: true },
  'connect-timeout': { result: 1, retryable: true },
  'tls-failed': { result: 1, retryable: false },
  'tls-credentials': { result: 1, retryable: false },

  'url-malformed': { result: 2, retryable: false },
  'url-scheme': { result: 2, retryable: false },

  'closed-early': { result: 3, retryable: true },
  'connection-lost': { result: 3, retryable: true },
  stalled: { result: 3, retryable: true },

  'no-upgrade': { result: 4, retryable: true },
  redirect: { result: 4, retryable: false },
  'server-error': { result: 4, retryable: true },
  'status-unexpected': { result: 4, retryable: false },
  'range-unasked': { result: 4, retryable: false },
  'range-mismatch': { result: 4, retryable: true },
  'body-empty': { result: 4, retryable: false },
  'body-undelimited': { result: 4, retryable: false },
  'encoding-refused': { result: 4, retryable: false },
  'answer-malformed': { result: 4, retryable: false },
  'head-too-large': { result: 4, retryable: false },
  'too-large': { result: 4, retryable: false },
  'digest-mismatch': { result: 4, retryable: true },
  deadline: { result: 4, retryable: true },
  'disk-full': { result: 4, retryable: true },
  'write-failed': { result: 4, retryable: true },
  unconfirmed: { result: 4, retryable: true },
  'image-refused': { result: 4, retryable: false },
  'image-given-up': { result: 4, retryable: false },
  'image-runs': { result: 4, retryable: false },
  'installer-failed': { result: 4, retryable: true },
  'report-refused': { result: 4, retryable: false },
  'option-invalid': { result: 4, retryable: false },
  internal: { result: 4, retryable: true },
  // Of a device with a key ring (docs/protocol.md §13): what the server offers is not signed for it, or not now.
  'signature-missing': { result: 4, retryable: false },
  'signature-malformed': { result: 4, retryable: false },
  'signature-unknown-key': { result: 4, retryable: false },
  'signature-invalid': { result: 4, retryable: true },
  'manifest-malformed': { result: 4, retryable: false },
  'manifest-mismatch': { result: 4, retryable: false },
  'manifest-early': { result: 4, retryable: true },
  'manifest-expired': { result: 4, retryable: false },
  'manifest-below-floor': { result: 4, retryable: false },
  'manifest-downgrade': { result: 4, retryable: false },

  'product-key-missing': { result: 5, retryable: false },
  'version-malformed': { result: 5, retryable: false },
} as const;

export type EventCode = keyof typeof EVENTS;

/** Codes of the events that end in something other than a delivered image. */
export type FailureCode = Exclude<EventCode, 'downloaded'>;
