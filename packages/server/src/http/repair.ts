import type { Socket } from 'node:net';

/** What Node's parser refuses in a target: blanks, controls and bytes beyond ASCII; and a % that encodes nothing. */
const ILLEGAL = /[^\x21-\x7e]|%(?![0-9a-f]{2})/gi;
/** Method, target, version: the target is all between the first blank and the last. */
const REQUEST_LINE = /^([A-Z]{1,16}) (.*) (HTTP\/1\.[01])$/s;
/** The same with nothing to repair, for most lines are so. */
const LEGAL_LINE = /^[A-Z]{1,16} [\x21-\x24\x26-\x7e]* HTTP\/1\.[01]$/;
/** What a line may begin with, and be waited for. */
const BEGINNING = /^(?:[A-Z]{1,16}(?: |$)|$)/;
const LF = 10;
const CR = 13;

/** What is told of a first line; texts are one character a byte. */
interface FirstLine {
  /** It is waited for; `beginning` is what has come so far. */
  waits(beginning: string): void;
  /** It is there, or never will be: `bytes` go on to the parser. */
  goesOn(bytes: Buffer, beginning: string): void;
  /** The client has ended before; `beginning` is what came. */
  ends(beginning: string): void;
}

/**
 * Reads from a connection until its first line is whole, and gives on what has come with that line repaired, so that
 * Node's own parser reads what LuatOS devices send (luatos.md L12, G) instead of answering 400. What is no request from
 * its beginning, or grows beyond `lineBytes`, goes on as it is.
 *
 * The function that comes back stops it all.
 */
export function readFirstLine(socket: Socket, lineBytes: number, on: FirstLine): () => void {
  let all: Buffer | undefined;
  const stop = (): void => {
    socket.removeListener('data', onData);
    socket.removeListener('end', onEnd);
  };
  const onEnd = (): void => {
    stop();
    on.ends(all === undefined ? '' : all.toString('latin1'));
  };
  const onData = (chunk: Buffer): void => {
    all = withoutEmptyLines(all === undefined ? chunk : Buffer.concat([all, chunk]));
    const end = endOf(all);
    const line = all.toString('latin1', 0, end < 0 ? lineBytes : end);
    if (end < 0 && all.length <= lineBytes && BEGINNING.test(line)) {
      on.waits(line);
      return;
    }
    stop();
    const legal = end < 0 ? line : repaired(line);
    on.goesOn(legal === line ? all : Buffer.concat([Buffer.from(legal, 'latin1'), all.subarray(end)]), line);
  };
  socket.on('end', onEnd);
  socket.on('data', onData);
  return stop;
}

/** Where the first line ends, be it with a bare LF: whether that will do is the parser's to say. -1: it is not there yet. */
function endOf(all: Buffer): number {
  const end = all.indexOf(LF);
  return end > 0 && all[end - 1] === CR ? end - 1 : end;
}

/** Empty lines before a request are passed over (RFC 9112 §2.2), and not held either. */
function withoutEmptyLines(all: Buffer): Buffer {
  let begin = 0;
  while (all[begin] === CR || all[begin] === LF) begin += 1;
  return begin === 0 ? all : all.subarray(begin);
}

/** The line with its target percent-encoded where it must be; a line that is none comes back as it was. */
export function repaired(line: string): string {
  if (LEGAL_LINE.test(line)) return line;
  const [, method, target = '', version] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined) return line;
  // One character a byte, so that every byte beyond ASCII is encoded as itself.
  const legal = target.replace(ILLEGAL, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return `${method} ${legal} ${version}`;
}
