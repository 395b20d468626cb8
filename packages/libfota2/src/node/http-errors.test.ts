import { describe, expect, it } from 'vitest';
import { type Stage, translate } from './http-errors.ts';

const told = (code: string, stage: Stage): string => translate(Object.assign(new Error('words'), { code }), stage).code;

describe('what Node reports, by how far the request had come (docs/protocol.md §1)', () => {
  it.each([
    ['ENOTFOUND', 'connect', 'host-not-found'],
    ['EAI_AGAIN', 'connect', 'host-not-found'],
    ['ECONNREFUSED', 'connect', 'connection-refused'],
    ['ETIMEDOUT', 'connect', 'connect-timeout'],
    ['ENETUNREACH', 'connect', 'host-unreachable'],
    ['EPERM', 'connect', 'host-unreachable'],
    ['ECONNRESET', 'handshake', 'tls-failed'],
    ['CERT_HAS_EXPIRED', 'handshake', 'tls-failed'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'answer', 'tls-failed'],
    ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'transfer', 'connection-lost'],
    ['ECONNRESET', 'answer', 'closed-early'],
    ['ECONNRESET', 'transfer', 'connection-lost'],
    ['HPE_HEADER_OVERFLOW', 'answer', 'head-too-large'],
    ['HPE_INVALID_CHUNK_SIZE', 'transfer', 'answer-malformed'],
  ] as const)('%s in %s is %s', (code, stage, wanted) => {
    expect(told(code, stage)).toBe(wanted);
  });

  it('has words even where Node has none', () => {
    expect(translate(Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'connect').message).toContain(
      'ECONNREFUSED',
    );
    expect(translate(undefined, 'transfer').message).not.toBe('');
  });
});
