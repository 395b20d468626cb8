/** One connection of a device, and what may befall it on its way. */
import { connect } from 'node:net';
import type { DeviceEvent } from './device.ts';
import { createEar, type Heard } from './hearing.ts';
import type { Timers } from './simulate.ts';

/** What ends an answer early: the line breaks, and the device notices; or the device itself loses its power. */
export interface Cut {
  /** Bytes of the body that still come through. */
  readonly afterBytes: number;
  readonly what: 'line' | 'power';
}

/** What a device's surroundings do to its connections, which are counted from 1 in each run. */
export interface Surroundings {
  /** Whether this connection comes about. Default: all do. */
  reaches?(connection: number): boolean;
  /** Told of the head of each answer as soon as it is there; what comes back ends the answer early. */
  onHead?(heard: Heard, connection: number): Cut | undefined;
  /** What comes through at most. Default: as fast as it goes. */
  readonly bytesPerS?: number | undefined;
}

export interface Connection {
  /** Whether it came about. */
  readonly reached: boolean;
  /** What the server said on it, whether or not the device understood that. */
  readonly heard: Heard | undefined;
  /** Why the system gave it up, as it names that (`ECONNREFUSED`); of most there is no reason. */
  readonly fault: string | undefined;
}

export interface Line {
  /** What has become of it so far. */
  look(): Connection;
  /** Ends it; nothing is told any more. */
  close(): void;
  /** Ends it without taking leave of the server. */
  drop(): void;
}

export interface LineOptions {
  readonly to: { readonly host: string; readonly port: number };
  /** What is sent, each in a segment of its own. */
  readonly pieces: readonly Buffer[];
  readonly connection: number;
  readonly surroundings: Surroundings;
  readonly timers: Timers;
  readonly tell: (event: DeviceEvent) => void;
  readonly onPowerCut: () => void;
}

/** Opens a connection, sends the pieces, and tells what happens until it is closed. */
export function openLine({ to, pieces, connection, surroundings, timers, tell, onPowerCut }: LineOptions): Line {
  const { bytesPerS } = surroundings;
  const ear = createEar();
  if (surroundings.reaches?.(connection) === false) {
    const attempt = setImmediate(() => tell({ type: 'unreachable' }));
    const close = (): void => clearImmediate(attempt);
    return { look: () => ({ reached: false, heard: undefined, fault: undefined }), close, drop: close };
  }

  const socket = connect({ host: to.host, port: to.port, noDelay: true });
  let connected = false;
  let fault: string | undefined;
  /** By the device, or by what befalls it. */
  let isEnded = false;
  let holding: ReturnType<Timers['after']> | undefined;
  /** Bytes that may still come through before the cut. */
  let left = Number.POSITIVE_INFINITY;
  let cut: Cut | undefined;
  const send = ([piece, ...rest]: readonly Buffer[]): void => {
    if (piece === undefined || socket.destroyed) return;
    socket.write(piece, () => setImmediate(send, rest));
  };
  const strike = (what: Cut['what']): void => {
    end('resetAndDestroy');
    if (what === 'power') onPowerCut();
    else tell({ type: 'closed' });
  };
  const take = (bytes: Buffer): void => {
    const bodyAt = ear.hear(bytes);
    const heard = bodyAt === undefined ? undefined : ear.heard();
    if (bodyAt !== undefined && heard !== undefined) {
      cut = surroundings.onHead?.(heard, connection);
      if (cut !== undefined) left = bodyAt + cut.afterBytes;
    }
    const through = bytes.subarray(0, left);
    left -= through.length;
    if (through.length > 0) tell({ type: 'read', bytes: through });
    if (left <= 0 && cut !== undefined && !isEnded) strike(cut.what);
  };
  /** What comes at once is handed on when it would have come on a slow line. */
  const slowly = (bytes: Buffer): void => {
    if (bytesPerS === undefined) {
      take(bytes);
      return;
    }
    socket.pause();
    holding = timers.after((Math.min(bytes.length, left) / bytesPerS) * 1000, () => {
      holding = undefined;
      take(bytes);
      if (isEnded) return;
      if (socket.destroyed) closed();
      else socket.resume();
    });
  };
  const closed = (): void => {
    if (holding === undefined) tell({ type: connected ? 'closed' : 'unreachable' });
  };
  const end = (how: 'destroy' | 'resetAndDestroy'): void => {
    isEnded = true;
    holding?.cancel();
    socket.removeAllListeners('close');
    // One that is still to come about has nothing to reset.
    socket[socket.connecting ? 'destroy' : how]();
  };
  socket.on('connect', () => {
    connected = true;
    send(pieces);
  });
  socket.on('data', slowly);
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    fault = code;
  });
  socket.on('close', closed);
  return {
    look: () => ({ reached: connected, heard: ear.heard(), fault }),
    close: () => end('destroy'),
    drop: () => end('resetAndDestroy'),
  };
}
