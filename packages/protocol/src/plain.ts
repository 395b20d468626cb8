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

function parsed(target: string, last: string | undefined): Identity | undefined {
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
  // Clients that speak LuatOS' dialect, as libfota2 does, name themselves by one of its three kinds.
  const kind = (['imei', 'mac', 'uid'] as const).find((one) => value(one) !== undefined);
  const id = value('id') ?? (kind && value(kind));
  return { idKind: kind ?? 'uid', id, projectKey, firmwareName, version: value('version') };
}

/** The target by which a client of the plain contract asks. */
export function plainTarget({ projectKey = '', firmwareName = '', id = '', version = '' }: Identity): string {
  const [key, name, who, now] = [projectKey, firmwareName, id, version].map(encodeURIComponent);
  return `${PLAIN_PREFIX}${key}/${name}?id=${who}&version=${now}`;
}
