/** The shapes of answers about users and what they did, see schemas.ts. */
import { type TUnsafe, Type } from 'typebox';
import { ROLES } from '../../domain/principal.ts';
import type { ApiAudit, ApiAuditRecord, ApiMe, ApiUser } from './account-api.ts';
import { closed, count, oneOf, projects, sha256, shape, text, time } from './shape.ts';

export const auditSchema: TUnsafe<ApiAudit> = shape<ApiAudit>()(
  'Audit',
  Type.Object(
    {
      id: count('of the entry'),
      at: time('when it was asked for'),
      isRefused: Type.Boolean({ description: 'whether they were kept from it' }),
      by: Type.Optional(text('kind and id of who asked; left out where nobody knows')),
      name: Type.Optional(text('the name that they had')),
      role: Type.Optional(oneOf([...ROLES], 'the role that they had')),
      from: Type.Optional(text('the address that it came from; left out for the local socket')),
      request: Type.Optional(text('as the answer had it in X-Request-Id')),
      action: Type.Optional(text('what was to be done, as release.withdraw; or method and path of what was only read')),
      project: Type.Optional(text('name of the project')),
      target: Type.Optional(text('what it was done to')),
      details: Type.Array(Type.Object({ name: Type.String(), value: text('what is no text as JSON') }, closed)),
      code: Type.Optional(
        text('ok, or the code of the error; left out while it goes on, and where the server was killed meanwhile'),
      ),
      endedAt: Type.Optional(time('when it had ended')),
      made: Type.Optional(text('what was made')),
      count: count('how many times, where refusals of a minute were gathered'),
    },
    closed,
  ),
);

export const auditRecordSchema: TUnsafe<ApiAuditRecord> = shape<ApiAuditRecord>()(
  'AuditRecord',
  Type.Object(
    { id: count('of the entry'), text: text('the entry as JSON: what is hashed'), hash: sha256('SHA-256 of the text') },
    closed,
  ),
);

const grant = { role: oneOf([...ROLES], 'what they may do'), projects: projects('where they may do that') };

export const userSchema: TUnsafe<ApiUser> = shape<ApiUser>()(
  'User',
  Type.Object(
    {
      id: Type.String(),
      name: text('unique, whatever the case of its letters'),
      ...grant,
      isDisabled: Type.Boolean({ description: 'whether they cannot come in' }),
      createdAt: time('when they were made'),
      passwordAt: time('when the password was set last'),
    },
    closed,
  ),
);

export const meSchema: TUnsafe<ApiMe> = shape<ApiMe>()(
  'Me',
  Type.Object(
    {
      kind: oneOf(['local', 'token', 'user'], 'local: over the socket in the data folder'),
      id: Type.String(),
      name: Type.String(),
      ...grant,
      expiresAt: Type.Optional(time('when the session ends at the latest; left out where there is none')),
    },
    closed,
  ),
);
