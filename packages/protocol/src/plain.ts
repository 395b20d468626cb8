import { decode, type Identity } from './identity.ts';

/** The plain contract begins here: `/d/{project_key}/{firmware_name}?id=…&version=…` (docs/protocol.md §11). */
export const PLAIN_PREFIX = '/d/';

/**
 * Reads a target of the plain contract; `undefined` for any other. What is missing is `undefined` in the identity, of a
 * parameter that comes twice the first counts. Never throws.
 */
export function parsePlainTarget(target: string): Identity | undefined {
  return parsed(target, undefined);
}

/**
 * Reads a target to which devices report, `/d/{project_key}/{firmware_name}/report`; `undefined` for any other. The query may
 * tell id and version as in a question. Never throws.
 */
export function parseReportTarget(target: string): Identity | undefined {
  return parsed(target, 'report');
}

/** What a target of {@link parseSignatureTarget} asks for. */
export interface SignatureQuestion {
  readonly projectKey: string;
  readonly firmwareName: string;
  /** Of the package; as it was told. */
  readonly sha256: string;
}

/**
 * Reads a target at which the signature of a package is, `/d/{project_key}/{firmware_name}/signature?sha256=…`; `undefined` for
 * any other. Never throws.
 */
export function parseSignatureTarget(target: string): SignatureQuestion | undefined {
  const found = split(target, 'signature');
  if (found === undefined) return undefined;
  const { projectKey, firmwareName = '', value } = found;
  return { projectKey, firmwareName, sha256: value('sha256') ?? '' };
}

function parsed(target: string, last: string | undefined): Identity | undefined {
  const found = split(target, last);
  if (found === undefined) return undefined;
  const { projectKey, firmwareName, value } = found;
  // Clients that speak LuatOS' dialect, as libfota2 does, name themselves by one of its three kinds.
  const kind = (['imei', 'mac', 'uid'] as const).find((one) => value(one) !== undefined);
  const id = value('id') ?? (kind && value(kind));
  return { idKind: kind ?? 'uid', id, projectKey, firmwareName, version: value('version') };
}

interface Parts {
  readonly projectKey: string;
  readonly firmwareName: string | undefined;
  /** Of a parameter of the query, the first of its name. */
  readonly value: (name: string) => string | undefined;
}

function split(target: string, last: string | undefined): Parts | undefined {
  if (!target.startsWith(PLAIN_PREFIX)) return undefined;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const [projectKey = '', firmwareName, end, more] = path.slice(PLAIN_PREFIX.length).split('/').map(decode);
  if (end !== last || more !== undefined) return undefined;
  const pairs = mark < 0 ? [] : target.slice(mark + 1).split('&');
  const value = (name: string): string | undefined => {
    const pair = pairs.find((one) => one.startsWith(`${name}=`));
    return pair === undefined ? undefined : decode(pair.slice(name.length + 1));
  };
  return { projectKey, firmwareName, value };
}

/** The target to which a device reports. */
export function reportTarget({
  projectKey,
  firmwareName,
}: {
  readonly projectKey: string;
  readonly firmwareName: string;
}): string {
  return `${PLAIN_PREFIX}${encodeURIComponent(projectKey)}/${encodeURIComponent(firmwareName)}/report`;
}

/** The target by which a client of the plain contract asks. */
export function plainTarget({ projectKey = '', firmwareName = '', id = '', version = '' }: Identity): string {
  const [key, name, who, now] = [projectKey, firmwareName, id, version].map(encodeURIComponent);
  return `${PLAIN_PREFIX}${key}/${name}?id=${who}&version=${now}`;
}
