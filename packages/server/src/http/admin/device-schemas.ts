/** The shapes of answers about devices, see schemas.ts. */
import { type TUnsafe, Type } from 'typebox';
import { RULES } from '../../domain/decide.ts';
import type { ApiDevice, ApiDeviceListing, ApiLogEntry, ApiRecord } from './api.ts';
import type { ApiBulk, ApiCount, ApiGroup, ApiTableOutcome } from './device-api.ts';
import type { ApiExplanation } from './explain-api.ts';
import { deferralSchema, lastAttemptSchema } from './rollout-schemas.ts';
import { releaseSchema } from './schemas.ts';
import { closed, count, oneOf, ref, sha256, shape, text, time } from './shape.ts';

const rule = oneOf(RULES, 'the rule that decided');
const idKind = oneOf(['imei', 'mac', 'uid'], 'how the device names itself');
const access = oneOf(['default', 'blocked', 'allowed'], 'the operator’s word on the device');

export const recordSchema: TUnsafe<ApiRecord> = shape<ApiRecord>()(
  'Record',
  Type.Object(
    {
      firmwareName: text('what it asked for'),
      idKind,
      version: text('what it said that it runs'),
      firstSeenAt: time('when it first asked'),
      lastSeenAt: time('when it last asked'),
      asked: count('questions, resumes not counted'),
      rule,
      sent: Type.Optional(
        Type.Object(
          {
            release: count('id of the release'),
            version: text('of the release'),
            sha256: sha256(),
            size: count('bytes'),
            at: time('when it was promised'),
          },
          closed,
        ),
      ),
      deliveries: Type.Optional(
        Type.Object(
          {
            sha256: sha256(),
            version: text('what the device said each time'),
            count: count('how many times'),
            since: time('the first'),
          },
          closed,
        ),
      ),
      attempt: Type.Optional(ref(lastAttemptSchema)),
      keyRing: Type.Optional(count('the number of the key ring that it told last; left out: none')),
    },
    closed,
  ),
);

const profile = {
  access,
  labels: Type.Array(Type.String(), { description: 'words by which queries find it, in the order of their letters' }),
  note: Type.Optional(text('for people')),
  pin: Type.Optional(
    Type.Object(
      { version: text('as the release is called, or on the wire'), mayDowngrade: Type.Boolean() },
      { ...closed, description: 'the only version that it may get' },
    ),
  ),
};

export const groupSchema: TUnsafe<ApiGroup> = shape<ApiGroup>()(
  'Group',
  Type.Object(
    {
      project: text('name of the project'),
      name: text('of the group'),
      query: text('who is in it, as docs/queries.md has it, in its one way of writing'),
      note: Type.Optional(text('for people')),
      createdAt: time('when it was made'),
      changedAt: time('when it was last changed'),
    },
    closed,
  ),
);

export const countSchema: TUnsafe<ApiCount> = shape<ApiCount>()(
  'Count',
  Type.Object({ devices: count('each counted once, whatever firmwares it asks for') }, closed),
);

export const deviceListingSchema: TUnsafe<ApiDeviceListing> = shape<ApiDeviceListing>()(
  'DeviceListing',
  Type.Object(
    { project: Type.String(), id: Type.String(), ...profile, record: Type.Optional(ref(recordSchema)) },
    closed,
  ),
);

export const bulkSchema: TUnsafe<ApiBulk> = shape<ApiBulk>()(
  'Bulk',
  Type.Object(
    {
      devices: Type.Optional(count('how many the query fits, where that was asked; each counted once')),
      sample: Type.Optional(Type.Array(ref(deviceListingSchema), { description: 'of a dry run: some of them' })),
      done: count('how many were dealt with in this part, those that failed included'),
      failed: Type.Array(
        Type.Object({ id: Type.String(), code: text('of docs/errors.md'), message: Type.String() }, closed),
        { description: 'those that could not be changed' },
      ),
      cursor: Type.Optional(Type.String({ description: 'give it to go on; left out at the end' })),
    },
    closed,
  ),
);

const said = Type.Object(profile, closed);

export const tableOutcomeSchema: TUnsafe<ApiTableOutcome> = shape<ApiTableOutcome>()(
  'TableOutcome',
  Type.Object(
    {
      dryRun: Type.Boolean({ description: 'nothing was changed: it was only looked at' }),
      sha256: sha256('of the table, in lower-case hex'),
      lines: count('of the table, the head not counted'),
      devices: count('that the table names, each once'),
      changed: count('of these, of which something new is said'),
      added: count('of those, of which nothing was known; they need not have asked'),
      unknown: count('of which nothing is known and nothing is said: they stay unknown'),
      sample: Type.Array(
        Type.Object(
          {
            line: count('where it stands, from 1'),
            id: Type.String(),
            isNew: Type.Boolean({ description: 'nothing was known of it' }),
            before: said,
            after: said,
          },
          closed,
        ),
        { description: 'the first of the changes' },
      ),
    },
    closed,
  ),
);

export const deviceSchema: TUnsafe<ApiDevice> = shape<ApiDevice>()(
  'Device',
  Type.Object(
    { project: Type.String(), id: Type.String(), ...profile, records: Type.Array(ref(recordSchema)) },
    closed,
  ),
);

/** What happened, as the log tells it and as it is asked for. */
export const LOG_EVENTS = [
  'offered',
  'resumed',
  'sent',
  'broken',
  'held',
  'checked',
  'reported',
  'refused',
  'confirmed',
  'failed',
  'rolled-back',
  'silent',
  'unreadable',
] as const;

export const logEntrySchema: TUnsafe<ApiLogEntry> = shape<ApiLogEntry>()(
  'LogEntry',
  Type.Object(
    {
      id: count('grows with each entry'),
      at: time('when it happened'),
      event: oneOf(LOG_EVENTS, 'what happened'),
      project: text('empty where the device named none of ours'),
      firmwareName: Type.String(),
      deviceId: Type.String(),
      version: text('what the device said that it runs'),
      code: Type.Integer({ description: 'what the device got' }),
      rule: Type.Optional(rule),
      release: Type.Optional(count('id of the release')),
      releaseVersion: Type.Optional(Type.String()),
      bytes: Type.Optional(count('sent, or where a resume began')),
      detail: Type.Optional(text('what came, of unreadable')),
    },
    closed,
  ),
);

const gate = {
  rollout: Type.Optional(count('id of the rollout that has a say in it')),
  wave: Type.Optional(count('of the device there, from 1')),
};

export const explanationSchema: TUnsafe<ApiExplanation> = shape<ApiExplanation>()(
  'Explanation',
  Type.Object(
    {
      question: Type.Object(
        {
          idKind: Type.Optional(idKind),
          id: Type.Optional(Type.String()),
          projectKey: Type.Optional(Type.String()),
          firmwareName: Type.Optional(Type.String()),
          version: Type.Optional(Type.String()),
          keyRing: Type.Optional(count('the number of its key ring')),
        },
        { ...closed, description: 'what the device would ask' },
      ),
      answer: oneOf(['upgrade', 'refused'], 'what it would get'),
      code: Type.Integer({ description: '0, or the code of the refusal' }),
      rule,
      msg: Type.Optional(text('of a refusal')),
      retryAfterS: Type.Optional(count('seconds until asking again is of use; left out: nobody can say')),
      ...gate,
      steps: Type.Array(Type.Object({ rule, decided: Type.Boolean(), says: text('a plain sentence') }, closed), {
        description: 'the rules that were asked, in their order',
      }),
      considered: Type.Array(
        Type.Object(
          {
            release: count('id of the release'),
            version: text('of the release'),
            ...gate,
            against: Type.Optional(oneOf(RULES, 'why the device does not get it; left out: it does')),
          },
          closed,
        ),
        { description: 'the releases that were looked at, the highest first' },
      ),
      hints: Type.Array(Type.String(), { description: 'what might be done' }),
      deferral: Type.Optional(ref(deferralSchema)),
      release: Type.Optional(ref(releaseSchema)),
      package: Type.Optional(Type.Object({ sha256: sha256(), size: count('bytes'), source: Type.String() }, closed)),
    },
    closed,
  ),
);
