import { type FailureCode, FotaError, failure, type Phase } from '../core.ts';

const CONNECT_CODES: Readonly<Record<string, FailureCode>> = {
  ENOTFOUND: 'host-not-found',
  ECONNREFUSED: 'connection-refused',
  ETIMEDOUT: 'connect-timeout',
};

/** Where neither the code nor Node's own words tell what to do. */
const ADVICE: Readonly<Partial<Record<FailureCode, string>>> = {
  'tls-failed': 'TLS failed, an own authority goes into server_cert (ca)',
  'closed-early': 'The server closed without an answer',
};

/** How far a request has come. */
export type Stage = 'connect' | 'handshake' | 'answer' | 'transfer';

/** What Node reports, as an error of ours: docs/protocol.md §1. */
export function translate(error: unknown, stage: Stage): FotaError {
  if (error instanceof FotaError) return error;
  const { code: raw, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: string };
  const nodeCode = typeof raw === 'string' ? raw : '';
  const code = meaning(nodeCode, stage);
  const phase: Phase = stage === 'handshake' ? 'connect' : stage;
  return failure(code, `${ADVICE[code] ?? code}: ${message || nodeCode}.`, phase, error);
}

function meaning(code: string, stage: Stage): FailureCode {
  // With TLS 1.3 a server refuses a client's certificate only after the client holds the handshake for done.
  if (
    stage === 'handshake' ||
    (stage !== 'transfer' && /^(ERR_SSL|ERR_TLS|EPROTO|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_)/.test(code))
  )
    return 'tls-failed';
  if (stage === 'connect') {
    if (code.startsWith('EAI_')) return 'host-not-found';
    return CONNECT_CODES[code] ?? 'host-unreachable';
  }
  if (code === 'HPE_HEADER_OVERFLOW') return 'head-too-large';
  if (code.startsWith('HPE_')) return 'answer-malformed';
  return stage === 'answer' ? 'closed-early' : 'connection-lost';
}
