import type { Socket } from 'node:net';

/** Milliseconds without a byte after which a client that was answered has said all. */
const QUIET_MS = 2_000;

/**
 * Reads and drops what follows a request, until the answer is out and its client is silent or gone: a connection that is
 * closed with bytes unread is reset, and whatever of the answer is still on its way is lost (luatos.md L21). That goes on
 * for `patienceMs` milliseconds at most; then nothing is read any more, and the answer ends as it may.
 *
 * The function that comes back says that still more has come.
 */
export function dropWhatFollows(socket: Socket, patienceMs: number): () => void {
  let isPatient = true;
  const timer = setTimeout(() => {
    isPatient = false;
    if (socket.writableFinished) socket.destroy();
    else socket.pause();
  }, patienceMs);
  socket.once('close', () => clearTimeout(timer));
  const read = (): void => {
    if (isPatient) socket.resume();
  };
  // The parser has read all that is answered.
  socket.removeAllListeners('data');
  socket.on('data', () => undefined);
  // Node closes so once an answer is out.
  const closeNow = socket.destroySoon;
  socket.destroySoon = () => {
    if (!isPatient || socket.readableEnded) return closeNow.call(socket);
    socket.end();
    socket.setTimeout(QUIET_MS);
    read();
  };
  read();
  return read;
}
