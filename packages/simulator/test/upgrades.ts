import { createHash } from 'node:crypto';
import { formatRefusal } from '@libfota2/protocol';
import { type HostileServer, head, startHostile } from './hostile.ts';

/** What a server of packages was asked. */
export interface Asked {
  readonly id: string;
  readonly version: string;
  readonly from: number | undefined;
}

export interface UpgradeServer extends HostileServer {
  readonly asked: readonly Asked[];
  /** Connections that are open. */
  open(): number;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** By version what a device on it gets: a package, which is promised with the hash of `promised`, or else of itself. */
export type Offers = Readonly<Record<string, { readonly bytes: Buffer; readonly promised?: Buffer | undefined }>>;

/** A server that knows nothing but versions: who has one that nothing is offered for is refused with 27. */
export async function startUpgrades(offers: Offers, more: { limit?: number } = {}): Promise<UpgradeServer> {
  const asked: Asked[] = [];
  const served = new Map<string, number>();
  let open = 0;
  const server = await startHostile((line, request) => {
    open += 1;
    line.on('close', () => {
      open -= 1;
    });
    const read = (pattern: RegExp): string => pattern.exec(request)?.[1] ?? '';
    const [id, version] = [read(/(?:imei|mac|uid)=([^& ]+)/), read(/version=([^& ]+)/)];
    const range = read(/Range: bytes=(\d+)-/);
    const from = range === '' ? undefined : Number(range);
    asked.push({ id, version, from });
    const offer = offers[version];
    const times = (served.get(`${id} ${version}`) ?? 0) + (from === undefined && offer !== undefined ? 1 : 0);
    served.set(`${id} ${version}`, times);
    if (offer === undefined || times > (more.limit ?? Number.POSITIVE_INFINITY)) {
      const body = formatRefusal({ code: offer === undefined ? 27 : 40, msg: 'no' });
      line.end(Buffer.concat([head('404 Not Found', `Content-Length: ${body.length}`), Buffer.from(body)]));
      return;
    }
    const { bytes, promised = bytes } = offer;
    const rest = bytes.subarray(from ?? 0);
    const status = from === undefined ? '200 OK' : '206 Partial Content';
    line.end(Buffer.concat([head(status, `Content-Length: ${rest.length}`, `ETag: "${sha256(promised)}"`), rest]));
  });
  return { ...server, asked, open: () => open };
}
