import { FotaServerError, SERVER_ERRORS, type ServerErrorCode } from '../../domain/errors.ts';
import type { ApiProblem } from './api.ts';

/** The statuses of problems; what is not here is a 400. */
const STATUS: Readonly<Partial<Record<ServerErrorCode, number>>> = {
  'token-missing': 401,
  'token-invalid': 401,
  'token-expired': 401,
  'session-invalid': 401,
  'login-failed': 401,
  forbidden: 403,
  'session-header-missing': 403,
  'logins-limited': 429,
  'user-unknown': 404,
  'user-exists': 409,
  'session-missing': 409,
  'not-found': 404,
  'project-unknown': 404,
  'key-unknown': 404,
  'release-unknown': 404,
  'device-unknown': 404,
  'upload-unknown': 404,
  'token-unknown': 404,
  'rollout-unknown': 404,
  'method-not-allowed': 405,
  'group-unknown': 404,
  'project-exists': 409,
  'group-exists': 409,
  'bulk-unexpected': 409,
  'table-invalid': 422,
  'group-in-use': 409,
  'groups-full': 409,
  'release-exists': 409,
  'release-withdrawn': 409,
  'release-published': 409,
  'rollout-state': 409,
  'version-taken': 409,
  'package-contradicts': 409,
  'upload-offset': 409,
  'upload-incomplete': 409,
  'upload-superseded': 409,
  'request-too-large': 413,
  'upload-too-large': 413,
  'upload-overrun': 413,
  'media-type-unsupported': 415,
  'core-missing': 422,
  'package-empty': 422,
  'package-corrupt': 422,
  'package-not-upgrade': 422,
  'upload-digest': 422,
  'uploads-full': 429,
  'idempotency-busy': 409,
  'idempotency-gone': 409,
  'idempotency-mismatch': 422,
  'changed-meanwhile': 412,
  'listeners-full': 429,
  'key-ring-none': 404,
  'key-ring-malformed': 422,
  'key-ring-mismatch': 409,
  'signature-missing': 422,
  'signature-malformed': 422,
  'signature-unknown-key': 422,
  'signature-older': 422,
  'signature-invalid': 422,
  'manifest-malformed': 422,
  'manifest-mismatch': 422,
  'manifest-expired': 422,
  'webhook-unknown': 404,
  'webhook-url-invalid': 422,
  'webhook-address-refused': 422,
  'webhooks-full': 429,
  'package-damaged': 500,
  'database-damaged': 500,
  'data-dir-unusable': 500,
  internal: 500,
  'backup-running': 409,
  closed: 503,
  'disk-full': 507,
};

export function statusOf(code: ServerErrorCode): number {
  return STATUS[code] ?? 400;
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** A problem by RFC 9457. Of the error only what is listed here goes out. */
export function problemOf(error: FotaServerError): ApiProblem {
  const { code, message, remedy, facts } = error;
  const { offset, nextFreeVersion, position, suggestion, problems, wrong } = facts;
  return {
    type: `urn:fota:${code}`,
    title: SERVER_ERRORS[code].means,
    status: statusOf(code),
    detail: message,
    code,
    remedy,
    ...(typeof offset === 'number' && { offset }),
    ...(typeof nextFreeVersion === 'string' && { nextFreeVersion }),
    ...(typeof position === 'number' && { position }),
    ...(typeof suggestion === 'string' && { suggestion }),
    ...(typeof problems === 'object' && { problems }),
    ...(typeof wrong === 'number' && { wrong }),
  };
}

/** What fastify says about a request that it could not take. */
interface FrameworkError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly validation?: readonly Finding[] | undefined;
  readonly validationContext?: string | undefined;
}

/** What does not fit a schema. */
interface Finding {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string | undefined;
}

const FRAMEWORK: ReadonlyMap<unknown, readonly [code: ServerErrorCode, detail: string]> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', ['request-too-large', 'the body is larger than this address takes']],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', ['media-type-unsupported', 'the Content-Type is not one that this address takes']],
  ['FST_ERR_CTP_EMPTY_JSON_BODY', ['request-invalid', 'the Content-Type says JSON, and there is no body']],
  ['FST_ERR_CTP_INVALID_JSON_BODY', ['request-invalid', 'the body is not JSON']],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', ['request-invalid', 'the body is not as long as its Content-Length says']],
  ['FST_ERR_BAD_URL', ['request-invalid', 'the address has a wrong percent-encoding']],
  ['FST_ERR_MAX_PARAM_LENGTH', ['request-invalid', 'a part of the address is too long']],
]);

/** An error as one of ours; `undefined` where it is a defect, whose words are nobody's business outside. */
export function expected(error: unknown): FotaServerError | undefined {
  if (error instanceof FotaServerError) return error;
  const { code, validation, validationContext, statusCode } = error as FrameworkError;
  if (validation !== undefined) return new FotaServerError('request-invalid', inWords(validation, validationContext));
  const [ours, detail] = FRAMEWORK.get(code) ?? [];
  if (ours !== undefined && detail !== undefined) return new FotaServerError(ours, detail);
  // Fastify's own, such as a body that ends early.
  const isRefusal = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  return isRefusal ? new FotaServerError('request-invalid', 'the request cannot be read') : undefined;
}

const PLACES: Readonly<Record<string, string>> = {
  body: 'the body',
  querystring: 'the query',
  params: 'the address',
  headers: 'the headers',
};

/** What a request got wrong, in a sentence for each of the first findings. */
function inWords(findings: readonly Finding[], context = 'body'): string {
  const place = PLACES[context] ?? 'the request';
  // What is not known is found twice, once as a schema that takes nothing.
  const telling = findings.filter(({ keyword }) => keyword !== 'boolean');
  // Of many that are not known only they are found.
  const unknown = findings.map(({ instancePath }) => instancePath.slice(1));
  if (telling.length === 0) return `not known in ${place}: ${quoted(unknown)}`;
  return telling
    .slice(0, 3)
    .map((finding) => one(finding, place))
    .join('; ');
}

function one({ keyword, instancePath, params, message }: Finding, place: string): string {
  const field = instancePath.slice(1).replaceAll('/', '.');
  const where = field === '' ? place : `"${field}" in ${place}`;
  if (keyword === 'required') return `missing in ${where}: ${quoted(params['requiredProperties'])}`;
  if (keyword === 'additionalProperties') return `not known in ${where}: ${quoted(params['additionalProperties'])}`;
  if (keyword === 'enum') return `${where} must be one of ${quoted(params['allowedValues'])}`;
  if (keyword === 'type' && field === '') return `${where} must be a JSON object`;
  return `${where} ${message ?? 'is wrong'}`;
}

function quoted(names: unknown): string {
  const list = Array.isArray(names) ? names.slice(0, 10) : [];
  return list.map((name) => JSON.stringify(String(name).slice(0, 64))).join(', ');
}
