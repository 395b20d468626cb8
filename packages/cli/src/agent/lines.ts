import type { Readable } from 'node:stream';

/** What never ends a line is cut into such. */
const LINE_LIMIT = 2_000;

/**
 * Tells each line of a stream of text, also the last one where nothing ends it.
 * @param most characters of a line. Default 2 000
 */
export function eachLine(stream: Readable | null, tell: (line: string) => void, most: number = LINE_LIMIT): void {
  let begun = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (begun + text).split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) tell(line.slice(0, most).trimEnd());
    for (; begun.length > most; begun = begun.slice(most)) tell(begun.slice(0, most));
  });
  stream?.on('end', () => {
    if (begun !== '') tell(begun);
  });
}
