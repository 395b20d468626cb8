import { formatReport, type Report, reportTarget } from '@libfota2/protocol';
import { readRefusal, retryAfterMs } from './ask.ts';
import { asFotaError, failure } from './errors.ts';
import { type Failed, failed, type Story } from './outcome.ts';
import type { Plan, PlanIdentity } from './plan.ts';
import { newStop, parseUrl, type Signal } from './platform.ts';
import type { Ports } from './ports.ts';

/** What a device tells of itself, all of it optional: what is left out is not known (docs/protocol.md §11.3). */
export type DeviceReport = Partial<Omit<Report, 'id' | 'version'>>;

/** The server has it, durably. */
export interface Reported extends Story {
  readonly kind: 'reported';
}

export type ReportOutcome = Reported | Failed;

/**
 * Tells the server of the plan's URL. Sent once, and safe to be sent again: the server knows a repeat (§11.4).
 * Rejects only with the signal's reason.
 */
export async function tell(
  report: DeviceReport,
  {
    plan,
    identity,
    signal,
  }: { readonly plan: Plan; readonly identity: PlanIdentity; readonly signal?: Signal | undefined },
  { clock, transport }: Pick<Ports, 'clock' | 'transport'>,
): Promise<ReportOutcome> {
  const startedAt = clock.monotonicMs();
  const { timeoutMs } = plan.policy;
  const stop = newStop();
  const onAbort = (): void => stop.abort(signal?.reason);
  const late = failure('deadline', `Not done within ${timeoutMs} ms.`, 'transfer');
  const timer = clock.after(timeoutMs, () => stop.abort(late));
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  const told = { status: undefined as number | undefined, attempts: 0, retryAfterMs: undefined as number | undefined };
  const story = (message: string): Story => ({
    message,
    url: plan.shownUrl,
    ...told,
    bytes: 0,
    durationMs: Math.round(clock.monotonicMs() - startedAt),
  });
  try {
    const url = addressFor(plan, identity);
    const { id, version } = identity;
    told.attempts = 1;
    const answer = await transport.open({
      method: 'POST',
      url,
      headers: { ...plan.headers, 'content-type': 'application/json' },
      body: formatReport({ ...report, id, version }),
      tls: plan.tls,
      connectTimeoutMs: plan.policy.connectTimeoutMs,
      idleTimeoutMs: plan.policy.idleTimeoutMs,
      signal: stop.signal,
      onConnected: () => {},
    });
    try {
      told.status = answer.status;
      told.retryAfterMs = retryAfterMs(answer.headers, clock.wallMs());
      if (answer.status === 200) return { ...story('The server has the report.'), kind: 'reported' };
      const refusal = await readRefusal(answer, clock);
      const words = refusal === undefined ? '' : `, code ${refusal.code}: ${refusal.msg}`;
      throw failure(
        answer.status >= 500 ? 'server-error' : 'report-refused',
        `The server did not take the report (status ${answer.status}${words}).`,
        'answer',
      );
    } finally {
      answer.close();
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const known = asFotaError(error);
    return { ...story(known.message), ...failed(known) };
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** At the server that is asked for upgrades: below the plain contract's own address, else where that would be. */
function addressFor({ url }: Plan, { projectKey, firmwareName, isPlatform }: PlanIdentity): string {
  const asked = parseUrl(url);
  if (isPlatform || asked === undefined) {
    throw failure('option-invalid', 'The IoT platform takes no reports: the option url must name a server.', 'prepare');
  }
  const plain = /^\/d\/[^/]+\/[^/]+(?=\/?$)/.exec(asked.pathname)?.[0];
  if (plain !== undefined) return `${asked.origin}${plain}/report`;
  if (projectKey !== undefined && firmwareName !== undefined) {
    return asked.origin + reportTarget({ projectKey, firmwareName });
  }
  throw failure('option-invalid', 'A report needs the product key and the firmware name.', 'prepare');
}
