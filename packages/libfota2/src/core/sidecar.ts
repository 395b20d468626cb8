import { fromBase64, SIGNATURE_TEXT_LIMIT } from '@libfota2/protocol';
import { ask } from './ask.ts';
import { failure } from './errors.ts';
import type { Plan } from './plan.ts';
import { newStop, parseUrl, type Signal, textDecoder } from './platform.ts';
import type { Answer, Ports } from './ports.ts';

/**
 * The text of the signature of an image that an answer brings: out of its head, else from the file that lies beside the image
 * on a static server (docs/protocol.md §13.3).
 * @throws FotaError `signature-missing`, `signature-malformed`, and what asking for the file ends in
 */
export async function signatureOf(
  answer: Answer,
  plan: Plan,
  ports: Pick<Ports, 'clock' | 'transport'>,
  signal: Signal,
  onSend: () => void,
): Promise<string> {
  const { 'fota-signature': header } = answer.headers;
  if (header === undefined) return sidecar(plan, ports, signal, onSend);
  const bytes = fromBase64(header);
  if (bytes === undefined) throw failure('signature-malformed', 'Fota-Signature is not base64.', 'verify');
  return textDecoder()(bytes);
}

async function sidecar(
  plan: Plan,
  { clock, transport }: Pick<Ports, 'clock' | 'transport'>,
  signal: Signal,
  onSend: () => void,
): Promise<string> {
  const { connectTimeoutMs, idleTimeoutMs, timeoutMs } = plan.policy;
  // Whoever drips it would else keep the device from its image until the deadline.
  const stop = newStop();
  const onAbort = (): void => stop.abort(signal.reason);
  const late = failure('stalled', 'The signature beside the image did not come in time.', 'transfer');
  const timer = clock.after(Math.min(connectTimeoutMs + idleTimeoutMs, timeoutMs), () => stop.abort(late));
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  // The address is a URL already, or nobody had answered at it.
  const url = (parseUrl(plan.url)?.href ?? '').replace(/(?=[?#])|$/, '.minisig');
  const question = { ...plan, url, method: 'GET', body: undefined };
  try {
    const whole = { offset: 0, held: undefined, digestKnown: true, maxBytes: SIGNATURE_TEXT_LIMIT };
    const found = await ask(question, whole, {}, transport, { signal: stop.signal, onSend, onConnected: () => {} });
    try {
      return await textOf(found);
    } finally {
      found.close();
    }
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

async function textOf({ status, body }: Answer): Promise<string> {
  if (status >= 500) throw failure('server-error', `The server answered ${status} to .minisig.`, 'answer');
  if (status !== 200) {
    throw failure(
      'signature-missing',
      `No Fota-Signature came, and .minisig beside the image is a ${status}.`,
      'verify',
    );
  }
  const decode = textDecoder();
  let text = '';
  for await (const bytes of body) {
    text += decode(bytes);
    if (text.length > SIGNATURE_TEXT_LIMIT) {
      throw failure('signature-malformed', `.minisig has more than ${SIGNATURE_TEXT_LIMIT} characters.`, 'verify');
    }
  }
  return text;
}
