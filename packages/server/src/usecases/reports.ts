import type { Identity, RefusalCode, Report } from '@libfota2/protocol';
import { isOrderedVersion } from '../domain/catalogue.ts';
import { type Device, isUsableId, printable, REFUSED_BY } from '../domain/decide.ts';
import type { Plan } from '../domain/plan.ts';
import { endsOf, keptDeliveries } from '../domain/progress.ts';
import { afterReport, detailOf, isAbout, type Meant, type Said } from '../domain/report.ts';
import { toldBy } from '../domain/told.ts';
import type { DeviceRecord, LogEntry, Now } from '../ports.ts';
import type { TellEnds } from './attempts.ts';
import type { DevicePlace, Fleet } from './fleet.ts';
import { bareEntry, type Noise } from './noise.ts';
import type { Amendment } from './records.ts';
import type { Serials } from './serials.ts';

/** A report was taken, or was taken before; else why it was not. */
export type ReportAnswer =
  | { readonly answer: 'taken'; readonly isRepeat: boolean }
  | { readonly answer: 'refused'; readonly code: RefusalCode; readonly msg: string };

/**
 * What devices say of their upgrades of their own accord. A report moves the device's last attempt along; what it says of success
 * is only that: confirmed is who tells the new version. Taking one is durable, and taking it again changes nothing.
 */
export interface Reports {
  /** A report by the plain contract; what it leaves out is as `asked` says. */
  take(asked: Identity, report: Report): Promise<ReportAnswer>;
  /** The result of libfota3 (luatos.md L32). */
  takeResult(serial: string, result: number): Promise<ReportAnswer>;
}

/** Reports that are known again of a device. */
const REMEMBERED = 4;
/** Of a hash in hex: enough to tell the reports of one device apart. */
const MARK_LENGTH = 16;

export function createReports(ports: {
  readonly plan: (now: number) => Plan;
  readonly fleet: Pick<Fleet, 'record' | 'amend' | 'settleAttempt'>;
  readonly serials: Serials;
  readonly ends: TellEnds;
  readonly noise: Noise;
  readonly sha256: (text: string) => string;
  readonly now: Now;
}): Reports {
  const { plan, fleet, serials, ends, noise, sha256, now } = ports;

  const refuse = (device: Device, code: RefusalCode, msg: string): ReportAnswer => {
    noise.heard({ ...bareEntry(now(), 'refused', device, code), detail: 'a report' });
    return { answer: 'refused', code, msg };
  };

  /** What the report makes of the device; `undefined` where it was heard before. */
  const change = (
    before: DeviceRecord,
    { said, meant, version, mark }: Heard,
    at: number,
  ): { readonly amendment: Amendment; readonly entries: readonly LogEntry[] } | undefined => {
    const marks = before.reported.split(' ').filter((one) => one !== '');
    if (marks.includes(mark)) return undefined;
    const device = { ...before, version: version ?? before.version };
    const about = aboutOf(before, meant);
    const advanced = before.attempt && afterReport(before.attempt, about === undefined ? undefined : said, version, at);
    const entry = noise.unlessTooMuch({
      ...bareEntry(at, 'reported', device, said.code ?? 0),
      ...about,
      bytes: said.bytes,
      detail: detailOf(said, said.until === undefined ? undefined : timeText(said.until)),
    });
    return {
      amendment: {
        version: device.version,
        lastSeenAt: at,
        deliveries: keptDeliveries(before, device.version),
        reported: [...marks, mark].slice(-REMEMBERED).join(' '),
        attempt: advanced?.attempt,
      },
      entries: [...(entry === undefined ? [] : [entry]), ...(advanced ? ends(at, device, endsOf(advanced)) : [])],
    };
  };

  const heard = async (place: DevicePlace, report: Heard): Promise<ReportAnswer> => {
    const isTaken = await fleet.settleAttempt(place, (before) => change(before, report, now()));
    return { answer: 'taken', isRepeat: !isTaken };
  };

  return {
    async take(asked, { id: own, version: ownVersion, release, report, ...said }) {
      const { idKind = 'uid', projectKey = '', firmwareName = '' } = asked;
      const [id = '', version] = [own ?? asked.id, ownVersion ?? asked.version];
      const ours = plan(now()).projects.get(projectKey);
      const told = toldBy({ version }, ours?.firmwares.get(firmwareName)?.published);
      const device = {
        project: ours?.project.name ?? '',
        firmwareName: printable(firmwareName, 128),
        idKind,
        id: printable(id, 128),
        version: printable(told.version, 64),
      };
      if (!isUsableId(id)) return refuse(device, ...REFUSED_BY['id-missing']);
      if (ours === undefined) return refuse(device, ...REFUSED_BY['project-unknown']);
      if (fleet.record(device.project, id, firmwareName) === undefined) {
        return refuse(device, 17, 'no permission: this device never asked for this firmware');
      }
      const mark = sha256(report ?? JSON.stringify([version, release, said])).slice(0, MARK_LENGTH);
      const isTold = version !== undefined && isOrderedVersion(told.version);
      return heard(device, { said, meant: release, version: isTold ? told.version : undefined, mark });
    },

    async takeResult(text, result) {
      const serial = serials.read(text);
      if (serial === undefined) {
        const nobody = { project: '', firmwareName: '', idKind: 'imei', id: '', version: '' } as const;
        return refuse(nobody, 3, 'invalid device: this fota_sn was not issued here, or its key is revoked');
      }
      const { device, release } = serial;
      if (fleet.record(device.project, device.id, device.firmwareName) === undefined) {
        return refuse(
          { ...device, idKind: serial.identity.idKind ?? 'imei', version: '' },
          17,
          'no permission: this device was forgotten',
        );
      }
      const isSuccess = result === 0 || result === 1;
      const state = isSuccess ? 'installed' : 'failed';
      const said = { state, code: result, bytes: undefined, reason: undefined, until: undefined, log: [] } as const;
      const mark = sha256(`${text} ${result}`).slice(0, MARK_LENGTH);
      return heard(device, { said, meant: release, version: undefined, mark });
    },
  };
}

/** Seconds since 1970 for people, as far as years have four digits. */
function timeText(seconds: number): string {
  return new Date(Math.min(seconds, 253_402_300_799) * 1_000).toISOString();
}

/** A report, as it concerns a device that is known. */
interface Heard {
  readonly said: Said;
  readonly meant: Meant;
  /** What it runs now, in the form of the wire, where it tells. */
  readonly version: string | undefined;
  /** The same of a repeat. */
  readonly mark: string;
}

/** The release that a report is about, as the log names it; `undefined`: not the one that was offered last. */
function aboutOf(
  { attempt, sent }: DeviceRecord,
  meant: Meant,
): Pick<LogEntry, 'release' | 'releaseVersion'> | undefined {
  const version = sent?.release === attempt?.release ? sent?.version : undefined;
  if (attempt === undefined || !isAbout(attempt, meant, version)) return undefined;
  return { release: attempt.release, releaseVersion: version ?? attempt.to };
}
