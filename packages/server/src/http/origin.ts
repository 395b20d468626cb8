import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** A host as it may stand in a URL: a name, an IPv4 or a bracketed IPv6 address, and perhaps a port. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/**
 * Scheme, host and port under which a client found the server: as it named the host itself, else the address that its
 * connection came in at.
 */
export function originOf({ headers: { host }, socket }: IncomingMessage): string {
  const scheme = socket instanceof TLSSocket ? 'https' : 'http';
  if (host !== undefined && HOST.test(host)) return `${scheme}://${host}`;
  const { localAddress = '127.0.0.1', localPort } = socket;
  // IPv4 on a socket for both comes so.
  const address = localAddress.replace(/^::ffff:/, '');
  return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${localPort}`;
}
