/** What goes wrong with rollouts; part of the table in errors.ts. */
export const ROLLOUT_ERRORS = {
  'rollout-invalid': {
    means: 'A rollout cannot be as it was asked for.',
    remedy: 'Correct what the message names; fota rollout create --help tells what each part takes.',
  },
  'rollout-unknown': {
    means: 'No rollout has this number.',
    remedy: 'Look at the numbers with fota rollout list.',
  },
  'rollout-state': {
    means: 'The rollout is not in a state in which this can be done.',
    remedy: 'Look at its state with fota rollout show.',
  },
} as const;
