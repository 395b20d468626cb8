/** A table in the body of a request: read as it comes, and never kept as a whole. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { createTableReader, type DeviceTable } from '../../domain/device-table.ts';
import { FotaServerError } from '../../domain/errors.ts';
import { type App, TABLE_TYPE } from './route.ts';

/** Bytes: more than a hundred thousand lines with notes have. */
const LARGEST_TABLE = 64 << 20;

/** What came, as far as it is looked at. As JSON it is its digest: by that, the request is known again. */
export interface TableBody {
  readonly sha256: string;
  readonly lines: number;
  readonly table: DeviceTable;
  toJSON(): object;
}

/** From now on, in this context, bodies are tables of devices of the `project` in the path, and nothing else. */
export function takeTables(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(TABLE_TYPE, (request: FastifyRequest, payload: IncomingMessage) => {
    const { project = '' } = request.params as { readonly project?: string };
    return read(payload, project).catch((error: unknown) => {
      // The rest is dropped, and the answer goes out.
      payload.resume();
      throw error;
    });
  });
}

/** @throws FotaServerError `request-too-large` */
async function read(payload: IncomingMessage, project: string): Promise<TableBody> {
  const reader = createTableReader(project);
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let size = 0;
  let isText = true;
  const add = (part: Uint8Array | undefined): void => {
    if (!isText) return;
    try {
      reader.add(decoder.decode(part, { stream: part !== undefined }));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      isText = false;
      reader.break('the text is not UTF-8: save it as "CSV UTF-8"');
    }
  };
  // A stream that is left would take the connection, and the answer, with it.
  for await (const part of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > LARGEST_TABLE) {
      throw new FotaServerError('request-too-large', `a table has ${LARGEST_TABLE} bytes at most: take several`);
    }
    hash.update(part);
    add(part);
    // Parts that lie there already would follow without a pause: devices that ask have their turn.
    await turn();
  }
  add(undefined);
  const table = reader.end();
  const known = { sha256: hash.digest('hex'), lines: table.lines };
  return { ...known, table, toJSON: () => known };
}
