import { Readable } from 'node:stream';
import { MAX_QUERY_LENGTH } from '@libfota2/protocol';
import { Type } from 'typebox';
import { FotaServerError } from '../../../domain/errors.ts';
import type { DeviceTables } from '../../../usecases/device-tables.ts';
import { changes, reads, within } from '../access.ts';
import { tableOutcomeSchema } from '../device-schemas.ts';
import { type App, answers, name, TABLE_TYPE } from '../route.ts';
import { closed, oneOf } from '../shape.ts';
import { type TableBody, takeTables } from '../table-body.ts';
import { tableView } from '../views.ts';

const ACCESS = ['blocked', 'allowed', 'default'] as const;
/** By which spreadsheets see that a text is UTF-8. */
const MARK = '\ufeff';

const file = Type.Unsafe<Readable>(
  Type.String({ description: 'comma-separated values by RFC 4180, in UTF-8, with a head; see docs/devices-csv.md' }),
);

export function tableRoutes(app: App, tables: DeviceTables): void {
  app.get(
    '/devices/export',
    {
      // A HEAD would go through all devices to tell nothing.
      exposeHeadRoute: false,
      config: reads('viewer', 'query'),
      schema: {
        tags: ['devices'],
        summary: 'Send devices as a table, one line a firmware, by project, id and firmware name',
        description:
          'Cells that a spreadsheet would take for a formula begin with an apostrophe, which an import takes away. What devices do meanwhile may be in it or not.',
        querystring: Type.Object(
          {
            project: Type.Optional(name('only of this project')),
            query: Type.Optional(
              Type.String({
                maxLength: MAX_QUERY_LENGTH,
                description: 'only those that fit, as docs/queries.md has it; groups are those of the project',
              }),
            ),
            firmware: Type.Optional(name('only with this firmware')),
            access: Type.Optional(oneOf(ACCESS, 'only with this word of the operator')),
            id: Type.Optional(name('only ids that begin so')),
            mark: Type.Optional(Type.Boolean({ description: 'begins with a byte order mark, which Excel needs' })),
          },
          closed,
        ),
        response: { 200: { description: 'The table', content: { [TABLE_TYPE]: { schema: file } } } },
        problems: ['query-invalid'],
      },
    },
    async (request, reply) => {
      const { project, query, firmware, access, id, mark } = request.query;
      const projects = { project, within: within(request) };
      const rows = await tables.export({ ...projects, query, firmwareName: firmware, access, idPrefix: id });
      reply.header('Content-Disposition', 'attachment; filename="devices.csv"');
      reply.type(`${TABLE_TYPE}; charset=utf-8; header=present`);
      return reply.send(Readable.from(mark === true ? marked(rows) : rows, { objectMode: false }));
    },
  );
}

async function* marked(rows: AsyncIterable<string>): AsyncGenerator<string> {
  yield MARK;
  yield* rows;
}

/** The one route that takes a table, in a context of its own. */
export function tableImportRoute(app: App, tables: DeviceTables): void {
  takeTables(app);

  app.post(
    '/projects/:project/devices/import',
    {
      config: changes('operator', 'path', { action: 'device.import', details: ['sha256', 'lines', 'dryRun'] }),
      schema: {
        tags: ['devices'],
        summary: 'Say of devices what a table says',
        description:
          'Takes id, access, labels, note and pin; passes over what else an export has. An empty cell leaves what it is about as it is, and - takes it away. Where one line cannot be taken none is. Devices need not have asked yet.',
        consumes: [TABLE_TYPE],
        params: Type.Object({ project: name('name of the project') }, closed),
        querystring: Type.Object(
          { dryRun: Type.Optional(Type.Boolean({ description: 'change nothing, say what would be changed' })) },
          closed,
        ),
        body: Type.Unknown({ description: 'the table, 64 MiB and 200 000 lines at most; see docs/devices-csv.md' }),
        ...answers('What was changed, or would be', tableOutcomeSchema, [
          'project-unknown',
          'table-invalid',
          'request-too-large',
          'media-type-unsupported',
          'disk-full',
          'data-dir-unusable',
        ]),
      },
    },
    async ({ params: { project }, query: { dryRun = false }, body, raw }) => {
      const given = body as TableBody | null | undefined;
      if (given === undefined || given === null) throw new FotaServerError('request-invalid', 'the body has no table');
      // A hundred thousand devices are no silence that should end the connection.
      raw.socket.setTimeout(0);
      const work = dryRun ? tables.check : tables.import;
      return tableView(await work(project, given.table), given.sha256, dryRun);
    },
  );
}
