import { parseSignatureTarget } from '@libfota2/protocol';
import type { Signatures } from '../../usecases/signatures.ts';
import { type Answer, refusal } from '../answers.ts';
import type { DeviceRoute } from './routes.ts';

const ALLOWED = 'GET, HEAD';
/** The code of an unknown project. */
const UNKNOWN_PROJECT = 25;

/** Where anybody gets the signature of a package: `/d/{project_key}/{firmware_name}/signature?sha256=…` (docs/protocol.md §13.8). */
export function signatureRoute(signatures: Signatures): DeviceRoute {
  return {
    answer(target, { method = '' }) {
      const asked = parseSignatureTarget(target);
      if (asked === undefined) return undefined;
      if (!ALLOWED.split(', ').includes(method)) return Promise.resolve(onlyRead());
      const found = signatures.find(asked.projectKey, asked.firmwareName, asked.sha256);
      if (typeof found === 'string') return Promise.resolve(textAnswer(found));
      const [code, msg] = found;
      return Promise.resolve(refusal(code === UNKNOWN_PROJECT ? 403 : 404, code, msg));
    },
  };
}

function onlyRead(): Answer {
  const answer = refusal(405, 405, 'a signature is only read');
  return { ...answer, headers: { ...answer.headers, Allow: ALLOWED } };
}

function textAnswer(body: string): Answer {
  const length = String(Buffer.byteLength(body));
  return { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': length }, body };
}
