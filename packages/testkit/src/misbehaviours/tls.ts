import { type CertificateWish, makeCertificate } from '../certificates.ts';
import { cut, type Dress, delivers, ends, honest, inTurn, type Misbehaviour } from './row.ts';

/** A server signed by an authority, and a client that knows this authority. */
function dressed(wish: Partial<CertificateWish> = {}, server: Partial<Dress['server']> = {}): () => Dress {
  return () => {
    const issuer = makeCertificate({ name: 'Test Authority', authority: true });
    const identity = makeCertificate({ name: 'server', host: '127.0.0.1', issuer, ...wish });
    return { server: { identity, ...server }, client: { ca: issuer.cert } };
  };
}

/** The same, and the server demands a certificate of the client. */
function mutual(
  client: 'missing' | 'of a stranger' | 'good' | 'with a wrong passphrase',
  version?: 'TLSv1.2',
): () => Dress {
  return () => {
    const clientsOf = makeCertificate({ name: 'Test Clients', authority: true });
    const only = version === undefined ? {} : { onlyVersion: version };
    const dress = dressed({}, { clientsOf: clientsOf.cert, ...only })();
    if (client === 'missing') return dress;
    const own = makeCertificate({ name: 'device', ...(client === 'of a stranger' ? {} : { issuer: clientsOf }) });
    const passphrase = client === 'with a wrong passphrase' ? 'guessed' : 'open sesame';
    const brought = { cert: own.cert, key: own.encryptedKey('open sesame'), passphrase };
    return { ...dress, client: { ...dress.client, ...brought } };
  };
}

function client(dress: () => Dress, brings: Dress['client']): () => Dress {
  return () => ({ ...dress(), client: brings });
}

const FAILS = { serve: honest(), ...ends(1, 'tls-failed'), attempts: 1 } as const;

/** Servers behind TLS: only one that proves its name to a known authority is asked at all. */
export const TLS: readonly Misbehaviour[] = [
  { name: 'has a good certificate of an own authority', tls: dressed(), serve: honest(), ...delivers(), attempts: 1 },
  {
    name: 'has a self-signed certificate that the client was given',
    tls: () => {
      const identity = makeCertificate({ name: 'server', host: '127.0.0.1' });
      return { server: { identity }, client: { ca: identity.cert } };
    },
    serve: honest(),
    ...delivers(),
    attempts: 1,
  },
  {
    name: 'speaks TLS 1.2 only',
    tls: dressed({}, { onlyVersion: 'TLSv1.2' }),
    serve: honest(),
    ...delivers(),
    attempts: 1,
  },
  {
    name: 'is cut in the middle of TLS and goes on',
    tls: dressed(),
    serve: inTurn(cut(50_000, 'fin'), honest()),
    ...delivers(),
    attempts: 2,
    resumes: true,
  },
  {
    name: 'demands a client certificate, and gets it with a key behind a passphrase',
    tls: mutual('good'),
    serve: honest(),
    ...delivers(),
    attempts: 1,
  },
  { name: 'has a certificate that nobody known has signed', tls: client(dressed(), {}), ...FAILS },
  {
    name: 'has a certificate of another authority of the same name',
    tls: () => ({ ...dressed()(), client: dressed()().client }),
    ...FAILS,
  },
  { name: 'has an expired certificate', tls: dressed({ years: [2000, 2001] }), ...FAILS },
  { name: 'has a certificate that is not good yet', tls: dressed({ years: [2048, 2049] }), ...FAILS },
  { name: 'has a certificate for another name', tls: dressed({ host: 'elsewhere.example' }), ...FAILS },
  { name: 'speaks TLS 1.1 only', tls: dressed({}, { onlyVersion: 'TLSv1.1' }), ...FAILS },
  {
    name: 'speaks plain HTTP at an https URL',
    tls: dressed(),
    plain: true,
    ...FAILS,
    greet: (line) => line.once('data', () => line.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')),
  },
  {
    name: 'never answers the TLS handshake',
    tls: dressed(),
    plain: true,
    greet: () => undefined,
    serve: honest(),
    ...ends(1, 'connect-timeout'),
    policy: { connectTimeoutMs: 300 },
    attempts: 1,
  },
  { name: 'hangs up in the TLS handshake', tls: dressed(), plain: true, ...FAILS, greet: (line) => line.end() },
  { name: 'demands a client certificate that is missing', tls: mutual('missing'), ...FAILS },
  { name: 'demands a client certificate that is missing, by TLS 1.2', tls: mutual('missing', 'TLSv1.2'), ...FAILS },
  {
    // Node's server closes without a TLS alert here, so nothing tells this from any other hanging up.
    name: 'demands a client certificate, gets one of a stranger, and hangs up without a word',
    tls: mutual('of a stranger'),
    serve: honest(),
    ...ends(3, 'closed-early'),
    attempts: 5,
  },
  {
    name: 'would be fine, but the key has another passphrase',
    tls: mutual('with a wrong passphrase'),
    serve: honest(),
    ...ends(1, 'tls-credentials'),
  },
  { name: 'would be fine, but the authority is no PEM', tls: client(dressed(), { ca: 'no PEM' }), ...FAILS },
];
