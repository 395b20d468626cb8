import { isThreePartVersion, wireVersion } from '@libfota2/protocol';
import type { Run } from '../simulate.ts';
import {
  checkTurnkey,
  fetchTurnkey,
  reportTurnkey,
  TURNKEY_LIBRARIES,
  type TurnkeyLibraryName,
  type TurnkeyOptions,
  type TurnkeyOutcome,
  type TurnkeyTold,
} from '../turnkey.ts';
import { type Arrival, arrivalOf } from './arrival.ts';
import type { LifeState } from './life.ts';
import type { Speak, Spoken } from './speaking.ts';
import type { FleetSpec } from './spec.ts';

/** What a device tells apart, and libfota2 together. */
interface Parts {
  readonly coreVersion: string;
  readonly scriptVersion: string;
}

/** LuatOS cores have four digits; nobody else's versions begin so high. */
const LEAST_CORE = 1_000;

/** Devices with libfota3 (luatos.md E): they check, fetch what they are told of, compare its hash, and report. */
export function speakLibfota3(spec: FleetSpec): Speak {
  const { projectKey, firmwareName } = spec;
  const [scriptName = '', model = ''] = firmwareName.split('_LuatOS-SoC_');
  const coreName = model === '' ? '' : `LuatOS-SoC_${model}`;
  /** By the version on the wire, in which the middle number of VERSION is missing, what releases call it. */
  const parts = new Map<string, Parts>();
  /** Of devices that have an upgrade to tell of, its serial number. */
  const serials = new Map<number, string>();

  const learn = ({ core_version: coreVersion, script_version: scriptVersion }: TurnkeyTold): void => {
    const version = coreVersion === '' ? scriptVersion : wireVersion(scriptVersion, `V${coreVersion}`);
    parts.set(version, { coreVersion, scriptVersion });
  };

  return async ({ index, traits: { kind, idKind, id }, life }, call) => {
    const library = kind.replace('libfota3-', '') as TurnkeyLibraryName;
    const { coreVersion, scriptVersion } = parts.get(life.version) ?? partsOf(life.version);
    const facts = { idKind, id, projectKey, model, coreName, coreId: '1', coreVersion, scriptName, scriptVersion };
    const options: TurnkeyOptions = { library, facts, call };
    const isLate = TURNKEY_LIBRARIES[library].reports === 'after restart';
    const reports: boolean[] = [];
    const report = async (serial: string, outcome: TurnkeyOutcome): Promise<void> => {
      reports.push(await reportTurnkey(options, serial, outcome));
    };

    const serial = serials.get(index);
    if (isLate && serial !== undefined && life.news !== undefined) {
      await report(serial, outcomeOf(life));
      serials.delete(index);
    }
    const { run, told } = await checkTurnkey(options);
    if (told === undefined || !isUsable(told)) return spoken([run], arrivalOfCheck(run), reports);
    learn(told);
    const fetched = await fetchTurnkey(options, told);
    const arrival = arrivalOf(fetched.run, fetched.sha256);
    if (arrival.kind !== 'power-lost') {
      if (isLate) serials.set(index, told.fota_sn);
      else await report(told.fota_sn, fetched.isTaken ? 'success' : 'failure');
    }
    return spoken([run, fetched.run], arrival, reports);
  };
}

function outcomeOf({ news }: LifeState): TurnkeyOutcome {
  return news === 'installed' ? 'success' : 'failure';
}

function spoken(runs: readonly Run[], arrival: Arrival, reports: readonly boolean[]): Spoken {
  const result = arrival.kind === 'power-lost' ? 'power lost' : arrival.kind;
  return { runs, arrival, result, checks: true, reports };
}

/** A server may say anything; virtual devices speak plain http. */
function isUsable({ url, sha256, fota_sn, core_version, script_version }: Partial<TurnkeyTold>): boolean {
  const isText = [url, sha256, fota_sn, core_version, script_version].every((one) => typeof one === 'string');
  return isText && url?.startsWith('http://') === true;
}

/** It is answered 200 in any case: only the code in the JSON says no. */
function arrivalOfCheck(run: Run): Arrival {
  if (run.powerLost) return { kind: 'power-lost' };
  const heard = run.connections.at(-1)?.heard;
  return { kind: heard?.status === 200 && heard.code !== undefined && heard.code !== 0 ? 'refused' : 'unheard' };
}

/** A version on the wire, taken apart as far as that goes. */
function partsOf(version: string): Parts {
  const [first = '', x = '', z = ''] = version.split('.');
  const isCore = isThreePartVersion(version) && Number(first) >= LEAST_CORE;
  return isCore ? { coreVersion: first, scriptVersion: `${x}.000.${z}` } : { coreVersion: '', scriptVersion: version };
}
