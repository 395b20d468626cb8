import type { IncomingMessage } from 'node:http';
import {
  formatRefusal,
  formatTurnkeyOffer,
  parseTurnkeyPackageTarget,
  parseTurnkeyTarget,
  TURNKEY_PACKAGE_PATH,
  type TurnkeyQuestion,
} from '@libfota2/protocol';
import type { Upgrade } from '../../domain/decide.ts';
import type { CheckIns } from '../../usecases/check-in.ts';
import type { Serials } from '../../usecases/serials.ts';
import { type Answer, jsonAnswer, refusal, wish } from '../answers.ts';
import type { Answering } from './answering.ts';
import type { DeviceRoute } from './routes.ts';

/**
 * The question of libfota3, and the package that its answer names (luatos.md E, docs/protocol.md §12). It is the same
 * decision as any other's; it is made once more when the device fetches the package, and only that is a delivery.
 */
export function libfota3Route(ports: {
  readonly answering: Answering;
  readonly checkIns: CheckIns;
  readonly serials: Serials;
  /** Scheme, host and port under which this request found the server. */
  readonly originOf: (request: IncomingMessage) => string;
}): DeviceRoute {
  const { answering, checkIns, serials, originOf } = ports;

  const check = async ({ identity, coreId }: TurnkeyQuestion, request: IncomingMessage): Promise<Answer> => {
    const decision = checkIns.decide(identity);
    if (request.method !== 'HEAD') await checkIns.answered(decision, 'checked');
    // libfota3 reads no body of an answer that is not 200.
    if (decision.answer === 'refused') return jsonAnswer(200, formatRefusal(decision), wish(decision.retryAfterS));
    const serial = serials.issue(identity, decision);
    return jsonAnswer(200, offerOf(decision, identity.core, coreId, serial, originOf(request)));
  };

  const fetched = async (text: string, request: IncomingMessage): Promise<Answer> => {
    const serial = serials.read(text);
    if (serial === undefined) return refusal(404, 404, 'this package was never on offer here, or its key is revoked');
    return answering(serial.identity, request, serial);
  };

  return {
    answer(target, request) {
      const question = parseTurnkeyTarget(target);
      if (question !== undefined) return check(question, request);
      const serial = parseTurnkeyPackageTarget(target);
      return serial === undefined ? undefined : fetched(serial, request);
    },
  };
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
