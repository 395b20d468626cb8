import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** What Node's parser refuses in a target: blanks, controls and bytes beyond ASCII; and a % that encodes nothing. */
const ILLEGAL = /[^\x21-\x7e]|%(?![0-9a-f]{2})/gi;
/** Method, target, version: the target is all between the first blank and the last. */
const REQUEST_LINE = /^([A-Z]{1,16}) (.*) (HTTP\/1\.[01])$/s;
const LINE_END = '\r\n';

/**
 * Lets a server read requests whose target holds raw UTF-8 and blanks, as LuatOS devices send them (luatos.md L12, G):
 * the first line is held back until it is whole, what is illegal in it is percent-encoded, and the connection goes on to
 * Node's own parser, which would answer 400 otherwise.
 *
 * A line that grows beyond `lineBytes`, or is not there after `timeoutMs`, goes on as it is: Node's parser has the answer.
 */
export function repairRequestLines(server: Server, lineBytes: number, timeoutMs: number): void {
  const handOver = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    let held: Buffer = Buffer.alloc(0);
    const letGo = (): void => {
      clearTimeout(timer);
      socket.removeListener('readable', onReadable);
      socket.removeListener('end', onEnd);
      // Nobody asks any more: an HTTP parser for a socket that is gone would never be given back.
      for (const name of ['error', 'close'] as const) socket.removeListener(name, letGo);
    };
    const goOn = (bytes: Buffer): void => {
      letGo();
      if (bytes.length > 0) socket.unshift(bytes);
      for (const listener of handOver) listener.call(server, socket);
    };
    const onEnd = (): void => goOn(held);
    const onReadable = (): void => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const end = held.indexOf(LINE_END);
      if (end >= 0) goOn(Buffer.concat([repaired(held.subarray(0, end)), held.subarray(end)]));
      else if (held.length > lineBytes) goOn(held);
    };
    const timer = setTimeout(onEnd, timeoutMs);
    socket.once('end', onEnd);
    for (const name of ['error', 'close'] as const) socket.once(name, letGo);
    socket.on('readable', onReadable);
  });
}

/** The line with its target percent-encoded where it must be; a line that is none comes back as it was. */
export function repaired(line: Buffer): Buffer {
  // One character a byte, so that every byte beyond ASCII is encoded as itself.
  const [, method, target = '', version] = REQUEST_LINE.exec(line.toString('latin1')) ?? [];
  if (method === undefined) return line;
  const legal = target.replace(ILLEGAL, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return legal === target ? line : Buffer.from(`${method} ${legal} ${version}`, 'latin1');
}
