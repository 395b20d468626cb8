import type { IncomingMessage } from 'node:http';
import {
  asciiJson,
  formatRefusal,
  formatTurnkeyOffer,
  parseTurnkeyPackageTarget,
  parseTurnkeyResult,
  parseTurnkeyTarget,
  REPORT_BYTES,
  TURNKEY_PACKAGE_PATH,
  type TurnkeyQuestion,
  type TurnkeyResult,
} from '@libfota2/protocol';
import type { Upgrade } from '../../domain/decide.ts';
import type { CheckIns } from '../../usecases/check-in.ts';
import type { Reports } from '../../usecases/reports.ts';
import type { Serials } from '../../usecases/serials.ts';
import { type Answer, jsonAnswer, refusal, wish } from '../answers.ts';
import type { Answering } from './answering.ts';
import type { DeviceRoute } from './routes.ts';

/**
 * The question of libfota3, the package that its answer names, and how it went (luatos.md E, docs/protocol.md §12). It is the
 * same decision as any other's; it is made once more when the device fetches the package, and only that is a delivery.
 */
export function libfota3Route(ports: {
  readonly answering: Answering;
  readonly checkIns: CheckIns;
  readonly serials: Serials;
  readonly reports: Reports;
  /** Scheme, host and port under which this request found the server. */
  readonly originOf: (request: IncomingMessage) => string;
}): DeviceRoute {
  const { answering, checkIns, serials, reports, originOf } = ports;

  const check = async ({ identity, coreId }: TurnkeyQuestion, request: IncomingMessage): Promise<Answer> => {
    const decision = checkIns.decide(identity);
    if (request.method !== 'HEAD') await checkIns.answered(decision, 'checked');
    if (decision.answer === 'refused') return said(decision.code, decision.msg, wish(decision.retryAfterS));
    const serial = serials.issue(identity, decision);
    return jsonAnswer(200, offerOf(decision, identity.core, coreId, serial, originOf(request)));
  };

  const fetched = async (text: string, request: IncomingMessage): Promise<Answer> => {
    const serial = serials.read(text);
    if (serial === undefined) return refusal(404, 404, 'this package was never on offer here, or its key is revoked');
    return answering(serial.identity, request, serial);
  };

  const reported = async (told: TurnkeyResult | 'incomplete', { method }: IncomingMessage): Promise<Answer> => {
    if (told === 'incomplete') return said(400, 'fota_sn or result_code is missing');
    // HEAD looks and touches nothing.
    if (method === 'HEAD') return jsonAnswer(200, asciiJson({ code: 0 }));
    const taken = await reports.takeResult(told.serial, told.result);
    return taken.answer === 'taken' ? jsonAnswer(200, asciiJson({ code: 0 })) : said(taken.code, taken.msg);
  };

  return {
    answer(target, request, body) {
      const question = parseTurnkeyTarget(target);
      if (question !== undefined) return check(question, request);
      const serial = parseTurnkeyPackageTarget(target);
      if (serial !== undefined) return fetched(serial, request);
      const told = parseTurnkeyResult(target, new TextDecoder().decode(body ?? new Uint8Array()));
      return told && reported(told, request);
    },
    keeps: (target) => (parseTurnkeyResult(target, '') === undefined ? 0 : REPORT_BYTES),
  };
}

/** libfota3 reads no body of an answer that is not 200. */
function said(code: number, msg: string, more?: Readonly<Record<string, string>>): Answer {
  return jsonAnswer(200, formatRefusal({ code, msg }), more);
}

/** After its restart a device compares core and script with what it was told here, letter by letter but for the core's zeros. */
function offerOf(
  { release, package: { size, sha256 } }: Upgrade,
  core: string | undefined,
  coreId: string,
  serial: string,
  origin: string,
): string {
  return formatTurnkeyOffer({
    coreVersion: release.core ?? core ?? '',
    coreId,
    scriptVersion: release.version,
    size,
    sha256,
    serial,
    url: `${origin}${TURNKEY_PACKAGE_PATH}${serial}`,
  });
}
