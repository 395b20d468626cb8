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
  'query-invalid': {
    means: 'The text is no query on devices, or names a group that cannot be asked for.',
    remedy: 'Correct it where the message says; docs/queries.md has the grammar and examples.',
  },
  'bulk-unexpected': {
    means: 'The query fits another number of devices than was expected. Nothing was changed.',
    remedy: 'Look at what it fits now (fota device list QUERY), and try again.',
  },
  'table-invalid': {
    means: 'A table of devices has lines that cannot be taken. Nothing was changed.',
    remedy: 'Correct the lines that are named; docs/devices-csv.md tells what each column takes.',
  },
  'group-unknown': {
    means: 'The project has no group of this name.',
    remedy: 'Look at the names with fota group list.',
  },
  'group-exists': {
    means: 'The project has a group of this name.',
    remedy: 'Choose another name, or change the group: fota group change.',
  },
  'groups-full': {
    means: 'The project has as many groups as the server takes.',
    remedy: 'Remove some that nobody asks for; labels can tell devices apart, too.',
  },
  'group-in-use': {
    means: 'Something needs the group, which the message names.',
    remedy: 'Change what needs it first; of rollouts only those that are over need it no more.',
  },
} as const;
