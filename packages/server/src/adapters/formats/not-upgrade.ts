import { FotaServerError } from '../../domain/errors.ts';
import { bufferOf } from './bytes.ts';

/** Error answers are small; a larger text is somebody's payload. */
const ANSWER_LIMIT = 64 << 10;
const ERROR_WORDS = new Set(['code', 'error', 'errors', 'message', 'msg', 'detail', 'status']);

/** Refuses what is uploaded by mistake. @throws FotaServerError `package-not-upgrade` */
export function refuseMistakes(head: Uint8Array, size: number, fileName: string | undefined): void {
  const bytes = bufferOf(head);
  if (isArchive(bytes) && !/\.(?:zip|7z)$/i.test(fileName ?? '')) {
    throw mistake(
      'this is a .soc (a 7z or ZIP archive), which flashes a device by cable and which no device can take over the air. ' +
        'Make the upgrade package from it with Luatools ("generate upgrade file") and publish the .bin or .sota',
    );
  }
  const text = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (/^<(?:!doctype html|html|head|body)[\s>]/i.test(text)) {
    throw mistake(
      'this is an HTML page, most likely the error or login page of a download: download the package again',
    );
  }
  if (size > ANSWER_LIMIT || !isErrorAnswer(text)) return;
  const shown = JSON.stringify(text.slice(0, 80));
  throw mistake(`this is the error answer of a server, saved as a file: ${shown}. Download the package again`);
}

/** The beginning of 7z, or of ZIP with an entry, without one, or in several parts. */
function isArchive(bytes: Buffer): boolean {
  return ['377abcaf', '504b0304', '504b0506', '504b0708'].includes(bytes.toString('hex', 0, 4));
}

function isErrorAnswer(text: string): boolean {
  if (/^<(?:\?xml|error)[\s>]/i.test(text)) return /<(?:error|code|message)\b/i.test(text);
  if (!text.startsWith('{')) return false;
  try {
    const answer: unknown = JSON.parse(text);
    return Object.keys(answer ?? {}).some((key) => ERROR_WORDS.has(key.toLowerCase()));
  } catch {
    return false;
  }
}

function mistake(what: string): FotaServerError {
  return new FotaServerError('package-not-upgrade', what);
}
