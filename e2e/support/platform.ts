import { createServer } from 'node:http';
import { formatRefusal } from '@libfota2/protocol';

/** A stand-in for the IoT platform on this machine. */
export interface FakePlatform {
  readonly port: number;
  /** Every request so far: method, target and the name that was asked for. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Offers `image` to the first question, if there is one, and calls every other device newest. */
export async function startPlatform(image?: Uint8Array): Promise<FakePlatform> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} http://${request.headers.host}${request.url}`);
    const isUpgrade = image !== undefined && asked.length === 1;
    const body = isUpgrade ? image : Buffer.from(formatRefusal({ code: 27, msg: '已是最新版本' }));
    response.writeHead(isUpgrade ? 200 : 404, { 'Content-Length': body.length, Connection: 'close' }).end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
