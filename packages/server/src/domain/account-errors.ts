/** The part of the server's errors that is about who may come in, and do what. See `errors.ts`. */
export const ACCOUNT_ERRORS = {
  'token-missing': {
    means: 'The request has no token.',
    remedy: 'Send "Authorization: Bearer" and a token, or run the command on the machine of the server.',
  },
  'token-invalid': {
    means: 'The token is unknown or was revoked.',
    remedy: 'Use a valid token; one is made on the machine of the server.',
  },
  'token-expired': {
    means: 'The token has expired.',
    remedy: 'Have another one made: fota token create NAME.',
  },
  'token-unknown': {
    means: 'No token has this id.',
    remedy: 'List the tokens to see their ids.',
  },
  'expiry-invalid': {
    means: 'A token would expire before it is made.',
    remedy: 'Give a time to come, or none.',
  },
  'grant-invalid': {
    means: 'A role is given for no project, or for more than can be named.',
    remedy: 'Name 1 to 100 projects, or leave them out for all.',
  },
  forbidden: {
    means: 'Who asks may not do this.',
    remedy: 'Ask with a role and projects as the message says; fota whoami tells those that you have.',
  },
} as const;
