import { Type } from 'typebox';
import type { Audit } from '../../../usecases/audit.ts';
import { reads } from '../access.ts';
import { auditRecordSchema, auditSchema } from '../account-schemas.ts';
import { cursorAt, rankIn } from '../paging.ts';
import { type App, answers, name, pageOf, pageQuery, pageRequest } from '../route.ts';
import { closed } from '../shape.ts';
import { auditView, pageView } from '../views.ts';

const page = pageOf('AuditPage', auditSchema);
const recordPage = pageOf('AuditRecordPage', auditRecordSchema);

export function auditRoutes(app: App, audit: Audit): void {
  const tags = ['audit'];
  for (const schema of [auditSchema, auditRecordSchema, page, recordPage]) app.addSchema(schema);

  app.get(
    '/audit',
    {
      config: reads('admin', 'server'),
      schema: {
        tags,
        summary: 'Show who changed what, or was kept from it, the newest first',
        querystring: Type.Object(
          {
            project: Type.Optional(name('only of this project')),
            action: Type.Optional(name('only such, as release.withdraw')),
            by: Type.Optional(name('only by those of this name; or token: or user: and an id')),
            ...pageQuery,
          },
          closed,
        ),
        ...answers('Entries', page, ['cursor-invalid']),
      },
    },
    async ({ query }) => {
      const { project, action, by } = query;
      return pageView(await audit.list({ project, action, by }, pageRequest(query)), auditView);
    },
  );

  app.get(
    '/audit/records',
    {
      config: reads('admin', 'server'),
      schema: {
        tags,
        summary: 'Give the entries of the audit log as they are hashed, the oldest first',
        description:
          'The hash of a record is the SHA-256 of its text; the text holds the hash of the record before as "previous", the first 64 zeros.',
        querystring: Type.Object(
          {
            after: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: Number.MAX_SAFE_INTEGER,
                description: 'only those after the one with this id',
              }),
            ),
            ...pageQuery,
          },
          closed,
        ),
        ...answers('Records', recordPage, ['cursor-invalid']),
      },
    },
    async ({ query }) => {
      const { limit, cursor } = pageRequest(query);
      const items = await audit.records(cursor === undefined ? (query.after ?? 0) : rankIn(cursor), limit);
      const last = items.length < limit ? undefined : items.at(-1);
      return pageView({ items, cursor: last && cursorAt(last.id) }, (record) => record);
    },
  );
}
