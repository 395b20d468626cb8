import type { Generation } from './generations.ts';

/** A URL as a device takes it apart. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly target: string;
}

/**
 * Takes a URL apart as the firmware does: the target begins at the first slash after the host, and is `/` where there is
 * none, whatever query stands there (luatos.md L11). Nothing is encoded or checked.
 * @returns undefined where it is no http URL: the device gives up with 4
 * @throws RangeError for https, which is not simulated
 */
export function placeOf(url: string): Place | undefined {
  if (url.startsWith('https://')) throw new RangeError(`simulated devices speak plain http, not ${url}`);
  if (!url.startsWith('http://')) return undefined;
  const rest = url.slice('http://'.length);
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const [host = '', port = ''] = authority.split(':');
  return { host, port: Number.parseInt(port, 10) || 80, target: slash < 0 ? '/' : rest.slice(slash) };
}

/** What a device sends along instead of only asking. */
export interface Posted {
  /** As `Content-Type`; undefined: none is sent. */
  readonly type: string | undefined;
  /** ASCII. */
  readonly text: string;
}

/** What is asked for of a body that broke off (luatos.md L18). */
export interface Resumed {
  readonly from: number;
  /** As `If-Range`; undefined: none is sent. */
  readonly etag?: string | undefined;
}

/** The bytes of a request as the firmware writes them (luatos.md L10). */
export function requestHead(
  { head }: Generation,
  { host, port, target }: Place,
  resumed?: Resumed,
  posted?: Posted,
): string {
  const lines = [
    `${posted === undefined ? 'GET' : 'POST'} ${target} HTTP/1.1`,
    ...(head.connectionClose ? ['Connection: Close'] : []),
    `Host: ${host}${head.hostPort ? `:${port}` : ''}`,
    ...(resumed === undefined ? [] : [`Range: bytes=${resumed.from}-`]),
    ...(resumed?.etag === undefined ? [] : [`If-Range: ${resumed.etag}`]),
    ...(posted?.type === undefined ? [] : [`Content-Type: ${posted.type}`]),
    ...(posted === undefined ? [] : [`Content-Length: ${posted.text.length}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${posted?.text ?? ''}`;
}
