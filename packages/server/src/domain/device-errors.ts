/** What goes wrong with what operators say of devices; part of the table in errors.ts. */
export const DEVICE_ERRORS = {
  'label-invalid': {
    means: 'A label is empty, longer than 64 characters, or holds a blank, a comma, a quote or what cannot be seen.',
    remedy: 'Use one word, such as beta or site-berlin.',
  },
  'labels-too-many': {
    means: 'A device would have more than 32 labels.',
    remedy: 'Remove some that nothing asks for.',
  },
  'note-invalid': {
    means: 'A note is longer than 2000 characters, or holds control characters.',
    remedy: 'Shorten it; a link to a longer text is enough.',
  },
} as const;
