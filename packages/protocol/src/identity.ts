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
  /** The version on the wire, see {@link wireVersion}; where `core` stands beside it, VERSION itself. */
  readonly version?: string | undefined;
  /** The core that the device runs, as `2012` or `V2012`, of those that tell it apart. */
  readonly core?: string | undefined;
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

/** What a request target asks: where, and who. */
export interface Target {
  /** Without the query, and without parameters that a device glued to it. */
  readonly path: string;
  readonly identity: Identity;
}

const ID_KINDS = ['imei', 'mac', 'uid'] as const;
/** Where a value ends. */
const END = /[?&]/;
/** Where a firmware name ends: at the next parameter that is known. */
const NEXT_KEY =
  /&(?:imei|mac|uid|project_key|firmware_name|version|model|device_key|need_oss_url|core_version|dfota)=/;
/** Some generations lose the `?` and glue their first parameter to the path, or the `nil` of an id that they lack. */
const GLUED = /(?:nil&)?(?:imei|mac|uid|project_key)=/;

/**
 * Reads a request target as devices of all generations write it (docs/protocol.md §10): with one `?`, two or none, with a
 * query of the URL before their own, with their own twice, and with nothing encoded. A firmware name reaches to the next
 * parameter that is known, whatever it holds; of a parameter that comes twice the first counts; values that are not valid
 * percent-encoding are taken as they stand, and `+` is a plus. Never throws.
 */
export function parseTarget(target: string): Target {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const glued = path.search(GLUED);
  const end = glued < 0 ? path.length : glued;
  const query = target.slice(end).replace(/^\?+/, '');
  const read = (name: string, until = END): string | undefined => {
    const begin = beginOf(query, `${name}=`);
    if (begin < 0) return undefined;
    const rest = query.slice(begin);
    const length = rest.search(until);
    return decode(length < 0 ? rest : rest.slice(0, length));
  };
  const ids = ID_KINDS.map((kind) => [kind, read(kind)] as const);
  const [idKind, id] = ids.find(([, value]) => value !== undefined && value !== '') ?? [];
  return {
    path: path.slice(0, end),
    identity: {
      idKind,
      id,
      projectKey: read('project_key'),
      firmwareName: read('firmware_name', NEXT_KEY),
      version: read('version'),
    },
  };
}

/** Where the value of a parameter begins, whose name and `=` are these; -1: there is none. */
function beginOf(query: string, beginning: string): number {
  for (let at = query.indexOf(beginning); at >= 0; at = query.indexOf(beginning, at + 1)) {
    if (at === 0 || query[at - 1] === '&' || query[at - 1] === '?') return at + beginning.length;
  }
  return -1;
}

/** The text that is percent-encoded; as it stands where the encoding is not valid. `+` is a plus. */
export function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
