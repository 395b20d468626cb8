/** Where a device without options asks (docs/protocol.md §2). */
export const PLATFORM_URL = 'http://iot.openluat.com/api/site/firmware_upgrade';

/** The path under which the platform, and our server, answer the upgrade question. */
export const UPGRADE_PATH = '/api/site/firmware_upgrade';

/** How a device names itself: cellular modules by `imei`, network devices by `mac`, the rest by `uid`. */
export type IdKind = 'imei' | 'mac' | 'uid';

/** What a device says of itself when it asks; every part may be unknown. */
export interface Identity {
  readonly idKind?: IdKind | undefined;
  readonly id?: string | undefined;
  readonly projectKey?: string | undefined;
  readonly firmwareName?: string | undefined;
  /** The version on the wire, see {@link wireVersion}. */
  readonly version?: string | undefined;
}

/** The parameters of an identity in the order in which devices send them; unknown ones are left out. */
export function identityParameters(identity: Identity): ReadonlyArray<readonly [name: string, value: string]> {
  const { idKind = 'imei', id, projectKey, firmwareName, version } = identity;
  const all: ReadonlyArray<readonly [string, string | undefined]> = [
    [idKind, id],
    ['project_key', projectKey],
    ['firmware_name', firmwareName],
    ['version', version],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

/**
 * Joins parameters to a URL, percent-encoded, whether it ends in `?`, has a query or has none. A fragment is dropped,
 * for it is never sent. A parameter that the URL already carries is the user's word and is not added again.
 */
export function joinParameters(url: string, parameters: ReadonlyArray<readonly [string, string]>): string {
  const [address = ''] = url.split('#', 1);
  const mark = address.indexOf('?');
  const query = mark < 0 ? '' : address.slice(mark + 1);
  const present = new Set(query.split('&').map((pair) => pair.split('=', 1)[0]));
  const added = parameters
    .filter(([name]) => !present.has(name))
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  if (added === '') return address;
  if (mark < 0) return `${address}?${added}`;
  return /[?&]$/.test(address) ? address + added : `${address}&${added}`;
}

/**
 * Reads an identity from the query of a request target. Values that are not valid percent-encoding are taken as they
 * stand, and `+` is a plus: devices that encode nothing are common.
 */
export function parseIdentity(target: string): Identity {
  const mark = target.indexOf('?');
  const values = new Map<string, string>();
  for (const pair of mark < 0 ? [] : target.slice(mark + 1).split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const name = pair.slice(0, equals).replace(/^\?+/, '');
    if (!values.has(name)) values.set(name, decode(pair.slice(equals + 1)));
  }
  const idKind = (['imei', 'mac', 'uid'] as const).find((kind) => (values.get(kind) ?? '') !== '');
  return {
    idKind,
    id: idKind === undefined ? undefined : values.get(idKind),
    projectKey: values.get('project_key'),
    firmwareName: values.get('firmware_name'),
    version: values.get('version'),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
