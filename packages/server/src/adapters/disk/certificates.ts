import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { FotaServerError, type ServerErrorCode } from '../../domain/errors.ts';
import type { Certificate, CertificateFiles, Credentials } from '../../ports/certificates.ts';

/** Where the parts of credentials lie. */
export interface CertificatePaths {
  readonly cert: string;
  readonly key: string;
  readonly passphraseFile?: string | undefined;
  readonly clientCa?: string | undefined;
}

const LARGEST = 1 << 20;

/** Credentials in PEM files. What is loaded was tried: the key fits the certificate, and OpenSSL takes both. */
export function certificateFiles(paths: CertificatePaths): CertificateFiles {
  const all = [paths.cert, paths.key, paths.passphraseFile, paths.clientCa].filter((path) => path !== undefined);
  return {
    async state() {
      const states = all.map(async (path) => {
        // Of what a link leads to: certbot replaces links.
        const { ino, size, mtimeMs, ctimeMs } = await stat(path);
        return [ino, size, mtimeMs, ctimeMs].join(' ');
      });
      return (await Promise.all(states.map((one) => one.catch((error) => String(error.code))))).join('\n');
    },

    async load() {
      const cert = await textOf(paths.cert);
      const key = await textOf(paths.key);
      const passphrase = paths.passphraseFile && (await textOf(paths.passphraseFile)).replace(/\r?\n$/, '');
      const clientCa = paths.clientCa && (await textOf(paths.clientCa));
      const certificate = certificateIn(paths.cert, cert);
      if (clientCa !== undefined) certificateIn(paths.clientCa ?? '', clientCa);
      if (!certificate.checkPrivateKey(keyIn(paths.key, key, passphrase))) {
        throw new FotaServerError(
          'tls-key-mismatch',
          `the key ${paths.key} is not that of the certificate ${paths.cert}`,
        );
      }
      const credentials: Credentials = { cert, key, passphrase, clientCa };
      tryOut(paths.cert, credentials);
      return { credentials, certificate: described(certificate) };
    },
  };
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST) throw new Error(`it has ${size} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw failed('tls-file-unreadable', path, error);
  }
}

/** The first one, which is the one that is shown. */
function certificateIn(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw failed('tls-certificate-invalid', path, error);
  }
}

function keyIn(path: string, pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch (error) {
    throw failed('tls-key-invalid', path, error);
  }
}

/** What only OpenSSL finds, such as a key that is too short, or a chain that is none. */
function tryOut(path: string, { cert, key, passphrase, clientCa: ca }: Credentials): void {
  try {
    createSecureContext({ cert, key, passphrase, ca });
  } catch (error) {
    throw failed('tls-certificate-invalid', path, error);
  }
}

function failed(code: ServerErrorCode, path: string, error: unknown): FotaServerError {
  return new FotaServerError(code, `${path}: ${(error as Error).message}`, error);
}

function described({ subject, subjectAltName, validFrom, validTo, fingerprint256 }: X509Certificate): Certificate {
  return {
    names: subjectAltName ?? subject.replaceAll('\n', ', '),
    validFrom: Date.parse(validFrom),
    expiresAt: Date.parse(validTo),
    fingerprint: fingerprint256,
  };
}
