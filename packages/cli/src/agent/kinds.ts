/** What settings of the agent may be, beside what settings of the server may be. */
import { type Kind, list, text } from '@libfota2/server/settings';
import { cronTimes } from './cron.ts';
import { windowIn } from './windows.ts';

/** A program and its arguments; no shell comes between. */
export type CommandWords = readonly string[];

/** A line of text. */
export function words(stands: string): Kind<string> {
  return text(stands, 'a text', /^[^\0\n]{1,1024}$/);
}

export function oneOf<Word extends string>(...known: readonly Word[]): Kind<Word> {
  const quoted = known.map((word) => `"${word}"`);
  const wanted = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
  return text('word', wanted, (word) => known.includes(word as Word)) as Kind<string> as Kind<Word>;
}

const line = list(words('word'));

export const command: Kind<CommandWords> = {
  ...line,
  wanted: 'a list: a program and its arguments, each in quotes',
  read(value) {
    const read = line.read(value);
    const [program = ''] = read ?? [];
    // A whole line in one text would be a program of that name.
    return program === '' || (read?.length === 1 && /\s/.test(program)) ? undefined : read;
  },
};

const window = text('window', 'days and hours, such as "Mon-Fri 02:00-05:00"', (word) => windowIn(word) !== undefined);
export const windows: Kind<readonly string[]> = { ...list(window), wanted: `a list, each of it ${window.wanted}` };

export const cron: Kind<string> = text(
  'cron',
  'times as cron has them, such as "30 3 * * *"',
  (word) => cronTimes(word) !== undefined,
);

export const address: Kind<string> = text('url', 'http:// or https:// with a host', (word) => {
  return URL.canParse(word) && /^https?:$/.test(new URL(word).protocol);
});
