/** Reads server-sent events (HTML standard, section 9.2), as far as our server writes them. */

export interface Frame {
  /** Where the stream has come to; the one before it where the frame names none. */
  readonly id: string;
  /** `message` where the frame names none. */
  readonly event: string;
  /** `undefined`: the frame only names a place. */
  readonly data: string | undefined;
}

/** A line that is longer is none of our server's. */
const LONGEST_LINE = 1 << 20;

/** The frames of a stream of bytes, however it was cut into pieces. @throws Error for what is no such stream */
export async function* framesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void> {
  let id = '';
  let event = 'message';
  let data: string[] = [];
  for await (const line of linesOf(bytes)) {
    if (line === '') {
      yield { id, event, data: data.length === 0 ? undefined : data.join('\n') };
      event = 'message';
      data = [];
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'id') id = value;
    if (field === 'event') event = value;
    if (field === 'data') data.push(value);
  }
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of bytes) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > LONGEST_LINE) throw new Error('a line without end');
  }
}
