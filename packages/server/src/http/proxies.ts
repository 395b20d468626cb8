import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Who asks, where proxies are between. */
export interface Proxies {
  /** Whether what this address says of others is believed. */
  isTrusted(address: string | undefined): boolean;
  /**
   * The client's address: of a connection from a trusted proxy the last one that is not trusted itself, as
   * `X-Forwarded-For`, else `Forwarded` (RFC 7239) has it; of any other the connection's own, whatever its headers say.
   */
  clientOf(remote: string | undefined, headers: IncomingHttpHeaders): string;
  /** The same of a request that came from a trusted proxy; `undefined` of any other. */
  toldBy(request: IncomingMessage): string | undefined;
}

/** Addresses of a header that are looked at, from its end: nobody has more proxies in a row. */
const MOST_HOPS = 32;

/** `list`: addresses, and networks such as `10.0.0.0/8`. */
export function trustedProxies(list: readonly string[]): Proxies {
  const trusted = new BlockList();
  for (const one of list) {
    const [address = '', prefix] = one.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  const isTrusted = (address: string | undefined): boolean => {
    if (list.length === 0) return false;
    const bare = bareOf(address ?? '');
    return bare !== undefined && trusted.check(bare, isIP(bare) === 6 ? 'ipv6' : 'ipv4');
  };
  const proxies: Proxies = {
    isTrusted,
    // Asking for the address costs a call of the system.
    toldBy: (request) =>
      list.length > 0 && isTrusted(request.socket.remoteAddress)
        ? proxies.clientOf(request.socket.remoteAddress, request.headers)
        : undefined,
    clientOf(remote = '', headers) {
      if (!isTrusted(remote)) return remote;
      let client = remote;
      for (const hop of hopsOf(headers).slice(-MOST_HOPS).reverse()) {
        const address = bareOf(hop);
        // Behind what cannot be read nothing is believed.
        if (address === undefined) break;
        client = address;
        if (!isTrusted(address)) break;
      }
      return client;
    },
  };
  return proxies;
}

/** Nobody is between. */
export const NO_PROXIES: Proxies = trustedProxies([]);

function hopsOf({ 'x-forwarded-for': list, forwarded }: IncomingHttpHeaders): string[] {
  const said = [list].flat().join(',');
  if (said !== '') return said.split(',');
  if (forwarded === undefined) return [];
  return forwarded.split(',').map((element) => /(?:^|;)\s*for=([^;]*)/i.exec(element)?.[1] ?? '');
}

/** An address without quotes, brackets, port, and the prefix that IPv4 has on a socket for both. */
function bareOf(text: string): string | undefined {
  const plain = text.trim().replace(/^"(.*)"$/, '$1');
  const [, bracketed, withPort] = /^\[([^\]]*)\](?::\d{1,5})?$|^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(plain) ?? [];
  const address = (bracketed ?? withPort ?? plain).replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 || address.includes('%') ? undefined : address;
}
