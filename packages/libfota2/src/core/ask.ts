import { parseRefusal, type Refusal } from '@libfota2/protocol';
import type { Asked } from './judge.ts';
import type { Conditions } from './landing.ts';
import type { Plan } from './plan.ts';
import { parseDate, parseUrl, type Signal, textDecoder } from './platform.ts';
import type { Answer, Ask, Clock, Transport } from './ports.ts';

const REFUSAL_BYTES = 4096;
const REFUSAL_WAIT_MS = 1_000;
const LONGEST_RETRY_AFTER_MS = 7 * 24 * 3_600_000;

/** What `ask` reports while it is under way. */
export interface Watch {
  readonly signal: Signal;
  /** A request is about to be sent. */
  readonly onSend: () => void;
  /** Its connection stands. */
  readonly onConnected: () => void;
}

/** Sends the question and follows as many redirects as the plan allows (docs/protocol.md §4). */
export async function ask(
  plan: Plan,
  asked: Asked,
  conditions: Conditions,
  transport: Transport,
  watch: Watch,
): Promise<Answer> {
  const { method, policy, tls } = plan;
  const ifRange = asked.held?.validator;
  const range = ifRange === undefined ? {} : { range: `bytes=${asked.offset}-`, 'if-range': ifRange };
  const ours = { ...conditions, ...range };
  let ask: Ask = {
    method,
    url: plan.url,
    headers: { ...plan.headers, ...ours },
    body: plan.body,
    tls,
    connectTimeoutMs: policy.connectTimeoutMs,
    idleTimeoutMs: policy.idleTimeoutMs,
    signal: watch.signal,
    onConnected: watch.onConnected,
  };
  for (let left = policy.maxRedirects; ; left -= 1) {
    watch.onSend();
    const answer = await transport.open(ask);
    const next = left > 0 && method === 'GET' ? redirectTarget(answer, ask.url) : undefined;
    if (next === undefined || next.isDowngrade) return answer;
    answer.close();
    // Another origin gets nothing that was meant for the first: no header of the caller's, no client certificate.
    ask = next.isSameOrigin
      ? { ...ask, url: next.url }
      : { ...ask, url: next.url, headers: ours, body: undefined, tls: { ca: tls.ca } };
  }
}

interface Redirect {
  readonly url: string;
  /** For people: no query. */
  readonly shown: string;
  readonly isSameOrigin: boolean;
  /** From https to http: never followed. */
  readonly isDowngrade: boolean;
}

/** Where a redirect leads; a 300, a 304 and one without a usable `Location` lead nowhere. */
export function redirectTarget(answer: Pick<Answer, 'status' | 'headers'>, url: string): Redirect | undefined {
  const { location } = answer.headers;
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return undefined;
  const from = parseUrl(url);
  const to = parseUrl(location, url);
  if (to === undefined || !/^https?:$/.test(to.protocol)) return undefined;
  return {
    url: to.href,
    shown: to.origin + to.pathname,
    isSameOrigin: from?.origin === to.origin,
    isDowngrade: from?.protocol === 'https:' && to.protocol === 'http:',
  };
}

/**
 * `Retry-After` in milliseconds, at most a week; `undefined` when there is none. A date is measured by the server's own, for a
 * device's clock may show anything.
 */
export function retryAfterMs({ 'retry-after': value, date }: Answer['headers'], wallMs: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : parseDate(value) - (parseDate(date) || wallMs);
  return ms >= 0 ? Math.min(ms, LONGEST_RETRY_AFTER_MS) : undefined;
}

/** Reads the platform's `{"code", "msg"}` from a refusal's body, if that is what it holds. Never throws. */
export async function readRefusal(answer: Answer, clock: Clock): Promise<Refusal | undefined> {
  // The words are a courtesy: a server that holds them back does not keep the device waiting.
  const timer = clock.after(REFUSAL_WAIT_MS, () => answer.close());
  const decode = textDecoder();
  let text = '';
  try {
    for await (const bytes of answer.body) {
      text += decode(bytes.subarray(0, REFUSAL_BYTES));
      const refusal = parseRefusal(text);
      if (refusal !== undefined || text.length >= REFUSAL_BYTES) return refusal;
    }
  } catch {
    // Whole words would have been returned above.
  } finally {
    timer.cancel();
  }
  return undefined;
}
