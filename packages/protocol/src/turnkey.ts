import { decode, type Identity, type IdKind } from './identity.ts';
import { asciiJson } from './refusals.ts';

/** Where libfota3 asks what there is (docs/protocol.md §12); the platform's paths, for the library holds them itself. */
export const TURNKEY_PATH = '/api/site/turnkey_fota';
/** Where it tells how an upgrade went. */
export const TURNKEY_RESULT_PATH = '/api/site/turnkey_fota_result';
/** Where our server has it fetch the package; the serial number follows. */
export const TURNKEY_PACKAGE_PATH = '/api/site/turnkey_fota_package/';

/** The question of libfota3. */
export interface TurnkeyQuestion {
  /** `version` is VERSION in full, `core` what it runs on. */
  readonly identity: Identity;
  /** Which build of the core it is, as the device tells it: it comes back to it as it is. */
  readonly coreId: string;
}

/** What libfota3 is told of an upgrade. */
export interface TurnkeyOffer {
  readonly coreVersion: string;
  readonly coreId: string;
  readonly scriptVersion: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** What the device names when it tells how it went. */
  readonly serial: string;
  /** Absolute. */
  readonly url: string;
}

/** How an upgrade went, as libfota3 says it. */
export interface TurnkeyResult {
  readonly serial: string;
  readonly result: number;
}

/**
 * Reads the question of libfota3; `undefined` for any other target. Of a parameter that comes twice the first counts.
 * Never throws.
 */
export function parseTurnkeyTarget(target: string): TurnkeyQuestion | undefined {
  const read = reading(target, TURNKEY_PATH);
  if (read === undefined) return undefined;
  const kinds: readonly IdKind[] = ['imei', 'mac', 'uid'];
  const idKind = kinds.find((kind) => (read(kind) ?? '') !== '');
  const raw = idKind && read(idKind);
  return {
    identity: {
      idKind,
      id: idKind === 'uid' ? visible(raw ?? '') : raw && decode(raw),
      projectKey: decoded(read('project_key')),
      firmwareName: firmwareName({
        scriptName: decoded(read('script_name')) ?? '',
        model: decoded(read('model')),
        coreName: decoded(read('core_name')),
      }),
      version: decoded(read('script_version')),
      core: decoded(read('core_version')),
    },
    coreId: decoded(read('core_id')) ?? '',
  };
}

/**
 * The firmware name of a device that tells no such name: script and model as libfota2 would put them together (docs/protocol.md
 * §12.2). An early libfota3 tells the name of its core, `LuatOS-SoC_EC718P`, in place of the model.
 */
function firmwareName(told: {
  readonly scriptName: string;
  readonly model?: string | undefined;
  readonly coreName?: string | undefined;
}): string {
  const { scriptName, model = '', coreName = '' } = told;
  if (model !== '') return `${scriptName}_LuatOS-SoC_${model}`;
  return coreName === '' ? scriptName : `${scriptName}_${coreName}`;
}

/** Writes the answer to libfota3: ASCII. */
export function formatTurnkeyOffer(offer: TurnkeyOffer): string {
  const { coreVersion, coreId, scriptVersion, size, sha256, serial, url } = offer;
  return asciiJson({
    code: 0,
    core_version: coreVersion,
    core_id: coreId,
    script_version: scriptVersion,
    size,
    sha256,
    fota_sn: serial,
    url,
    msg: '',
  });
}

/** The serial number of a package's target; `undefined` for any other target. */
export function parseTurnkeyPackageTarget(target: string): string | undefined {
  if (!target.startsWith(TURNKEY_PACKAGE_PATH)) return undefined;
  const [serial = ''] = target.slice(TURNKEY_PACKAGE_PATH.length).split('?', 1);
  return serial;
}

/**
 * Reads how an upgrade went, from the body or else from the query; `undefined` for any other target, `incomplete` where
 * serial number or result is missing. Never throws.
 */
export function parseTurnkeyResult(target: string, body: string): TurnkeyResult | 'incomplete' | undefined {
  const read = reading(target, TURNKEY_RESULT_PATH);
  if (read === undefined) return undefined;
  const told = objectOf(body);
  const serial = told['fota_sn'] ?? decoded(read('fota_sn'));
  const result = Number(told['result_code'] ?? (read('result_code') || Number.NaN));
  if (typeof serial !== 'string' || serial === '' || !Number.isSafeInteger(result)) return 'incomplete';
  return { serial, result };
}

/** What finds the raw value of a parameter, where the target is this path. */
function reading(target: string, path: string): ((name: string) => string | undefined) | undefined {
  const mark = target.indexOf('?');
  const asked = mark < 0 ? target : target.slice(0, mark);
  if (asked !== path && asked !== `${path}/`) return undefined;
  const pairs = mark < 0 ? [] : target.slice(mark).replace(/^\?+/, '').split('&');
  return (name) => pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

function decoded(value: string | undefined): string | undefined {
  return value === undefined ? undefined : decode(value);
}

const VISIBLE = /^[\x21-\x7e]+$/;
const ENCODED = /%([0-9a-f]{2})/gi;

/** A chip's number comes as raw bytes: as they stand where all can be seen, else in upper-case hex, as libfota2 sends them. */
function visible(encoded: string): string {
  const bytes = encoded
    .replace(/[\ud800-\udfff]/gu, '\ufffd')
    .replace(/[\u0080-\u{10ffff}]+/gu, encodeURIComponent)
    .replace(ENCODED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  if (bytes === '' || VISIBLE.test(bytes)) return bytes;
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')).join('');
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
