/** A device with libfota3 (luatos.md E): it checks, fetches what it is told of, and tells how it went. */
import { type IdKind, TURNKEY_PATH, TURNKEY_RESULT_PATH } from '@libfota2/protocol';
import { type Run, type SimulateOptions, simulate } from './simulate.ts';
import { createFile, createFlash, type Sink } from './sinks.ts';

/** What a device with libfota3 knows of itself. */
export interface TurnkeyFacts {
  readonly idKind: IdKind;
  readonly id: string;
  readonly projectKey: string;
  /** As in `Air8000`. */
  readonly model: string;
  /** As in `LuatOS-SoC_Air8000`. */
  readonly coreName: string;
  readonly coreId: string;
  /** Without its letter, as in `2012`. */
  readonly coreVersion: string;
  readonly scriptName: string;
  /** The whole VERSION. */
  readonly scriptVersion: string;
}

export type TurnkeyLibraryName = '2026-05' | '2026-06';

/** How one age of libfota3 speaks. */
export interface TurnkeyLibrary {
  /** How it names the hardware. */
  readonly hardware: 'core_name' | 'model';
  /** Whether the few characters that would part the query are encoded. */
  readonly encodes: boolean;
  /** When it tells how it went: before the restart, by what it has fetched; or after it, by what it runs. */
  readonly reports: 'before restart' | 'after restart';
  /** What it says of success. */
  readonly success: 0 | 1;
  /** Whether the report is in a body of JSON, too. */
  readonly hasBody: boolean;
}

/** The ages of libfota3 that differ on the wire, by the month in which they began. */
export const TURNKEY_LIBRARIES: Readonly<Record<TurnkeyLibraryName, TurnkeyLibrary>> = {
  '2026-05': { hardware: 'core_name', encodes: false, reports: 'before restart', success: 0, hasBody: false },
  '2026-06': { hardware: 'model', encodes: true, reports: 'after restart', success: 1, hasBody: true },
};

export interface TurnkeyOptions
  extends Pick<SimulateOptions, 'connectTo' | 'headPieces' | 'surroundings' | 'timers' | 'timeoutMs'> {
  readonly library: TurnkeyLibraryName;
  readonly facts: TurnkeyFacts;
  /** Scheme, host and port of the server. Default: the platform. */
  readonly origin?: string | undefined;
  /** What makes each request. Default: {@link simulate}. */
  readonly call?: ((options: SimulateOptions) => Promise<Run>) | undefined;
}

/** What a server told of an upgrade, as far as libfota3 reads it. */
export interface TurnkeyTold {
  readonly url: string;
  readonly sha256: string;
  readonly size: number;
  readonly fota_sn: string;
  readonly core_version: string;
  readonly core_id: string;
  readonly script_version: string;
}

export interface TurnkeyCheck {
  readonly run: Run;
  /** `undefined`: there is no upgrade, or no answer that it understands. */
  readonly told: TurnkeyTold | undefined;
  /** The code of a refusal. */
  readonly code: number | undefined;
}

export interface TurnkeyFetch {
  readonly run: Run;
  /** Exactly 200, not empty, and of the hash that was told: only that is installed. */
  readonly isTaken: boolean;
  /** Of what came, in lower-case hex. */
  readonly sha256: string;
}

const PLATFORM = 'http://iot.openluat.com';

/** Asks what there is. Never rejects for anything that a server does. */
export async function checkTurnkey(options: TurnkeyOptions): Promise<TurnkeyCheck> {
  const file = createFile();
  const run = await call(options, checkUrl(options), file);
  const nothing = { run, told: undefined, code: undefined };
  if (!isOk(run)) return nothing;
  const answer = objectOf(file.contents().toString());
  if (answer === undefined) return nothing;
  const { code } = answer as { readonly code?: unknown };
  if (code !== undefined && code !== 0) return { ...nothing, code: Number(code) };
  return { run, told: answer as unknown as TurnkeyTold, code: undefined };
}

/** Fetches what it was told of, into `sink` too. Never rejects for anything that a server does. */
export async function fetchTurnkey(options: TurnkeyOptions, told: TurnkeyTold, sink?: Sink): Promise<TurnkeyFetch> {
  const flash = createFlash();
  const both: Sink = {
    reset: () => [flash, sink].forEach((one) => void one?.reset()),
    write: (bytes) => [flash, sink].forEach((one) => void one?.write(bytes)),
  };
  const run = await call(options, told.url, both);
  const sha256 = flash.sha256();
  return { run, isTaken: isOk(run) && run.bytes > 0 && sha256 === told.sha256.toLowerCase(), sha256 };
}

/** What becomes of an upgrade in the device: it tells it by a number of its own. */
export type TurnkeyOutcome = 'success' | 'failure';

/** Tells how it went; resolves to whether the server has taken it. Never rejects for anything that a server does. */
export async function reportTurnkey(
  options: TurnkeyOptions,
  serial: string,
  outcome: TurnkeyOutcome,
): Promise<boolean> {
  const { success, hasBody } = TURNKEY_LIBRARIES[options.library];
  const result = outcome === 'success' ? success : 2;
  const file = createFile();
  const url = `${options.origin ?? PLATFORM}${TURNKEY_RESULT_PATH}?fota_sn=${serial}&result_code=${result}`;
  const text = JSON.stringify({ fota_sn: serial, result_code: result });
  const posted = hasBody ? { type: 'application/json', text } : { type: undefined, text: '' };
  const run = await call(options, url, file, posted);
  return isOk(run) && (!hasBody || objectOf(file.contents().toString())?.['code'] === 0);
}

function checkUrl({ library, facts, origin = PLATFORM }: TurnkeyOptions): string {
  const { hardware, encodes } = TURNKEY_LIBRARIES[library];
  const written = (value: string): string => (encodes ? value.replace(/[% #&=+\r\n]/g, encodeURIComponent) : value);
  const parameters: ReadonlyArray<readonly [string, string]> = [
    [facts.idKind, facts.id],
    ['project_key', facts.projectKey],
    [hardware, hardware === 'model' ? facts.model : facts.coreName],
    ['core_id', facts.coreId],
    ['core_version', facts.coreVersion],
    ['script_name', facts.scriptName],
    ['script_version', facts.scriptVersion],
  ];
  return `${origin}${TURNKEY_PATH}?${parameters.map(([name, value]) => `${name}=${written(value)}`).join('&')}`;
}

/** One request of the firmware, which is the newest: libfota3 needs it. */
function call(options: TurnkeyOptions, url: string, sink: Sink, posted?: SimulateOptions['posted']): Promise<Run> {
  const { connectTo, headPieces, surroundings, timers, timeoutMs, call: made = simulate } = options;
  const how = { connectTo, headPieces, surroundings, timers, timeoutMs, posted, sink };
  return made({ generation: 'now', mode: 'dst', facts: {}, url: `###${url}`, ...how });
}

function isOk({ statusLines }: Run): boolean {
  return /^HTTP\/1\.\d 200(?: |$)/.test(statusLines.at(-1) ?? '');
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
