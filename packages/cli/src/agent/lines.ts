import type { Readable } from 'node:stream';

/** Characters of a line; what never ends a line is cut into such. */
const LINE_LIMIT = 2_000;

/** Tells each line of a stream of text, also the last one where nothing ends it. */
export function eachLine(stream: Readable | null, tell: (line: string) => void): void {
  let begun = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (begun + text).split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) tell(line.slice(0, LINE_LIMIT).trimEnd());
    for (; begun.length > LINE_LIMIT; begun = begun.slice(LINE_LIMIT)) tell(begun.slice(0, LINE_LIMIT));
  });
  stream?.on('end', () => {
    if (begun !== '') tell(begun);
  });
}
