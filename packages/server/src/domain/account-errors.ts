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
  'session-invalid': {
    means: 'The session has ended: it was too long, idle, or what its user may do has changed.',
    remedy: 'Log in again.',
  },
  'session-header-missing': {
    means: 'A change by a session lacks the header that a foreign page cannot send.',
    remedy: 'Send X-Requested-With with any value.',
  },
  'session-missing': {
    means: 'Only a user who has logged in has a session, and a password of their own.',
    remedy: 'Log in with name and password first.',
  },
  'login-failed': {
    means: 'Name or password is wrong, or the user is disabled.',
    remedy: 'Try again; fota user password NAME sets another password.',
  },
  'logins-limited': {
    means: 'There were too many attempts to log in: with this name, from this address, or in all.',
    remedy: 'Wait as long as Retry-After says. Tokens, and commands on the machine of the server, are not held up.',
  },
  'user-unknown': {
    means: 'No user has this name.',
    remedy: 'List the users: fota user list.',
  },
  'user-exists': {
    means: 'Another user has this name, perhaps in other letters.',
    remedy: 'Choose another name, or change the user that there is.',
  },
  'password-weak': {
    means: 'A password is too short, too long, or holds the name of its user.',
    remedy: 'Use 10 to 256 characters; a sentence is easy to remember.',
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
