/** The part of the server's errors that is about events and webhooks. See `errors.ts`. */
export const WEBHOOK_ERRORS = {
  'listeners-full': {
    means: 'As many clients listen to events as the server takes.',
    remedy: 'End some of them, or ask for pages of events with Accept: application/json.',
  },
  'webhook-unknown': {
    means: 'No webhook has this id.',
    remedy: 'Look it up with fota webhook list.',
  },
  'webhook-url-invalid': {
    means: 'Events cannot be sent to this URL.',
    remedy:
      'Give an https URL without a name and a password in it; http only for a receiver in your own network, with --private.',
  },
  'webhook-address-refused': {
    means: 'The receiver of a webhook lies where the server does not send to.',
    remedy:
      'For a receiver on this machine or in your own network add --private; what serves the metadata of clouds is never sent to.',
  },
  'webhooks-full': {
    means: 'There are as many webhooks as the server takes.',
    remedy: 'Remove those that nobody needs.',
  },
  'webhook-failed': {
    means: 'A webhook was switched off, because its receiver did not take an event for about a day, or is gone.',
    remedy:
      'Repair the receiver, try it with fota webhook test, then fota webhook enable: what happened meanwhile follows.',
  },
} as const;
