/** Characters that are kept of a line. */
const LINE_LIMIT = 400;

/**
 * Cuts what a program writes into lines, for people: without what moves a cursor or colours letters, without empty ones, and each
 * with a limit. Progress that is written over itself, behind a carriage return, is a line each time.
 *
 * Invariant: whatever is written, no more than one line and the last piece is held.
 */
export class Lines {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  add(text: string): void {
    const [first = '', ...others] = text.split(/[\r\n]+/);
    this.#extend(first);
    for (const other of others) {
      this.end();
      this.#extend(other);
    }
  }

  /** What was begun is a line, too. */
  end(): void {
    const line = this.#rest
      .replaceAll(/\p{Cc}\[[\d;?]*[A-Za-z]/gu, '')
      .replaceAll(/\p{Cc}/gu, ' ')
      .trim();
    this.#rest = '';
    if (line !== '') this.#onLine(line);
  }

  #extend(text: string): void {
    // What exceeds the limit is dropped before it is joined: joined strings hold on to all of their parts.
    this.#rest += text.slice(0, Math.max(0, LINE_LIMIT - this.#rest.length));
  }
}
