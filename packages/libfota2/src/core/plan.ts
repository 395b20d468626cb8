import {
  defaultFirmwareName,
  type Identity,
  type IdKind,
  identityParameters,
  isThreePartVersion,
  joinParameters,
  type KeyRing,
  PLATFORM_URL,
  parseKeyRing,
  type TrustError,
  wireVersion,
} from '@libfota2/protocol';
import { type FotaError, failure } from './errors.ts';
import type { DeviceFacts, Settings, TransferSettings, UpgradeOptions } from './options.ts';
import { parseUrl } from './platform.ts';
import type { TlsMaterial } from './ports.ts';
import type { TrustPlan } from './trust.ts';

/** A device's facts with its id found. */
export interface Facts extends DeviceFacts {
  readonly idKind?: IdKind | undefined;
  readonly id?: string | undefined;
}

/** Who asks, as it goes on the wire. */
export interface PlanIdentity extends Identity {
  /** The IoT platform is asked. */
  readonly isPlatform: boolean;
}

export type Policy = { [Name in keyof TransferSettings]-?: number };

export const DEFAULT_POLICY: Policy = {
  timeoutMs: 300_000,
  idleTimeoutMs: 30_000,
  connectTimeoutMs: 15_000,
  maxBytes: 1024 ** 3,
  connectRetries: 0,
  maxRedirects: 0,
};

/** One question, decided in full before anything is opened. */
export interface Plan {
  readonly url: string;
  /** The question without the device's version: the server's answers to it are versions of one resource. */
  readonly resource: string;
  /** The URL for people: no query, no credentials. */
  readonly shownUrl: string;
  readonly version: string | undefined;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly tls: TlsMaterial;
  readonly expectedSha256: string | undefined;
  /** Without it signatures are passed over. */
  readonly trust: TrustPlan | undefined;
  readonly policy: Policy;
}

const VERBATIM = '###';
/** Set by the transfer itself; a user's own would ask for another body than the one that is then checked. */
const OWN_HEADERS = /^(connection|content-length|expect|fota-key-ring|if-.*|range|te|transfer-encoding|upgrade)$/i;
const TIMER_MAX = 2 ** 31 - 1;

/**
 * Decides the question: docs/protocol.md §2 to §4. Pure; opens nothing.
 * @throws FotaError `url-malformed`, `url-scheme`, `option-invalid`, `product-key-missing`, `version-malformed`
 */
export function planQuestion(
  options: UpgradeOptions,
  facts: Facts,
  settings: TransferSettings & Pick<Settings, 'trust'>,
): Plan {
  const address = baseAddress(options.url);
  checkOptions(options);
  const policy = mergePolicy(options, settings);
  const version = options.version ?? facts.version;
  const productKey = options.productKey ?? facts.productKey;
  if (options.url === undefined) checkForPlatform(version, productKey);

  const { core, hardware } = facts;
  const identity = identityOf(options, facts);
  const join = (what: Identity): string =>
    address.verbatim ? address.url : joinParameters(address.url, identityParameters(what));
  return {
    url: join(identity),
    resource: join({ ...identity, version: undefined }),
    shownUrl: address.shown,
    version: identity.version,
    method: (options.method ?? 'GET').toUpperCase(),
    headers: Object.fromEntries(Object.entries(options.headers ?? {}).filter(([n]) => !OWN_HEADERS.test(n))),
    body: typeof options.body === 'object' ? Uint8Array.from(options.body) : options.body,
    tls: { ca: options.ca, cert: options.cert, key: options.key, passphrase: options.passphrase },
    expectedSha256: options.expectedSha256?.toLowerCase(),
    trust:
      settings.trust === undefined
        ? undefined
        : trustPlan(settings.trust, { version, core, hardware }, identity.firmwareName),
    policy,
  };
}

/** What signatures are held against: never less than the firmware's name, or any firmware of the project would do. */
function trustPlan(
  text: unknown,
  device: Omit<TrustPlan, 'ring' | 'firmwareName'>,
  name: string | undefined,
): TrustPlan {
  const ring = keyRing(text);
  if (name) return { ...device, ring, firmwareName: name };
  throw failure('option-invalid', 'A key ring needs the firmware name: project or firmwareName.', 'prepare');
}

/** Who the options of a call say that asks, else the device's facts. */
export function identityOf(options: UpgradeOptions, facts: Facts): PlanIdentity {
  const { version = facts.version, productKey = facts.productKey, imei, firmwareName, url } = options;
  const named = facts.project === undefined ? undefined : defaultFirmwareName(facts.project, facts.bsp);
  return {
    ...(imei === undefined ? { idKind: facts.idKind, id: facts.id } : { idKind: 'imei' as const, id: imei }),
    projectKey: productKey,
    firmwareName: firmwareName ?? named,
    version: version === undefined ? undefined : wireVersion(version, facts.core),
    isPlatform: url === undefined,
  };
}

/** A ring that cannot be read lets nothing pass: whoever gave it wants signatures. */
function keyRing(text: unknown): KeyRing {
  try {
    return parseKeyRing(String(text));
  } catch (error) {
    throw invalid('trust', `the text of a key ring: ${(error as TrustError).message}`);
  }
}

/** The platform's own rules (number 5): checked at once, and towards nobody else. */
function checkForPlatform(version: string | undefined, productKey: string | undefined): void {
  if (productKey === undefined || productKey === '') {
    throw failure(
      'product-key-missing',
      'The IoT platform needs a product key: project_key, configure({ productKey }) or LIBFOTA2_PRODUCT_KEY.',
      'prepare',
    );
  }
  if (version === undefined || !isThreePartVersion(version)) {
    throw failure(
      'version-malformed',
      `The IoT platform needs VERSION as xxx.yyy.zzz, not ${version}: configure({ version: '1.0.0' }).`,
      'prepare',
    );
  }
}

function baseAddress(url: unknown): { readonly url: string; readonly shown: string; readonly verbatim: boolean } {
  const given = url === undefined ? PLATFORM_URL : url;
  const text = typeof given === 'string' ? given.trim() : '';
  const verbatim = text.startsWith(VERBATIM);
  const address = verbatim ? text.slice(VERBATIM.length) : text;
  const parsed = parseUrl(address);
  if (parsed === undefined) {
    throw failure('url-malformed', `${JSON.stringify(url)} is no URL as http://host:port/path.`, 'prepare');
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw failure('url-scheme', `${parsed.protocol} is not http: or https:.`, 'prepare');
  }
  return { url: address, shown: parsed.origin + parsed.pathname, verbatim };
}

function invalid(name: string, wanted: string): FotaError {
  return failure('option-invalid', `The option ${name} must be ${wanted}.`, 'prepare');
}

const TEXTS = ['version', 'productKey', 'imei', 'firmwareName', 'ca', 'cert', 'key', 'passphrase', 'method'] as const;

function checkOptions(options: UpgradeOptions): void {
  for (const name of TEXTS) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'string') throw invalid(name, 'a string');
  }
  const { body, expectedSha256 }: { readonly body?: unknown; readonly expectedSha256?: unknown } = options;
  // Their answers have no body to take.
  if (/^(head|connect)$/i.test(options.method ?? '')) throw invalid('method', 'one with a body');
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw invalid('body', 'a string or bytes');
  }
  if (expectedSha256 !== undefined && !/^[0-9a-f]{64}$/i.test(String(expectedSha256))) {
    throw invalid('expectedSha256', '64 hex digits');
  }
}

function mergePolicy(options: TransferSettings, settings: TransferSettings): Policy {
  const merged = { ...DEFAULT_POLICY };
  for (const name of Object.keys(DEFAULT_POLICY) as (keyof Policy)[]) {
    const value: unknown = options[name] ?? settings[name] ?? DEFAULT_POLICY[name];
    const [least, most] = name.endsWith('Ms') ? [1, TIMER_MAX] : [0, Number.MAX_SAFE_INTEGER];
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw invalid(name, `a number from ${least} to ${most}`);
    }
    merged[name] = value;
  }
  return merged;
}
