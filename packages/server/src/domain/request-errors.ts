/** The part of the server's errors that is about requests that come again, and changes that meet. See `errors.ts`. */
export const REQUEST_ERRORS = {
  'idempotency-busy': {
    means: 'A request with the same Idempotency-Key is being worked on.',
    remedy: 'Wait a moment, and send it again with the same key.',
  },
  'idempotency-mismatch': {
    means: 'Another request came with the same Idempotency-Key.',
    remedy: 'Take a new key for each request; the same only to send the very same again.',
  },
  'idempotency-gone': {
    means:
      'The first request with the Idempotency-Key was begun or done, and its answer is not kept: the server ended meanwhile, it held a secret, or it is too long.',
    remedy: 'Look whether it is done, and ask with a new key where it is not.',
  },
  'changed-meanwhile': {
    means: 'What was to be changed is no longer what If-Match names.',
    remedy: 'Read it again, and change what it is now; the ETag of the answer names its present state.',
  },
} as const;
