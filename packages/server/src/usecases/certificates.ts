import { FotaServerError } from '../domain/errors.ts';
import type { Certificate, CertificateFiles, Credentials } from '../ports/certificates.ts';
import type { Later, Now } from '../ports.ts';

/** Milliseconds between two looks at the files. */
const LOOK_MS = 5_000;
const DAY_MS = 86_400_000;
/** Before a certificate ends, its operator is told once a day for so long. */
const WARN_MS = 14 * DAY_MS;

interface Parts {
  readonly files: CertificateFiles;
  /** Takes credentials that were tried. */
  readonly use: (credentials: Credentials) => void;
  readonly now: Now;
  readonly later: Later;
  readonly onProblem: (problem: unknown) => void;
}

/** Keeps a listener's credentials as their files have them. */
export interface CertificateKeeper {
  /** The one in use. */
  certificate(): Certificate;
  /** Looks now, and reads whether or not something seems changed. What cannot be used is told as a problem. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * Uses the credentials of files, and those that replace them from then on. What cannot be used changes nothing: the former
 * pair stays, and the operator is told. A pair of which only one half was replaced so far is waited for until the next look.
 * @throws FotaServerError as `load`, at the start only
 */
export async function keepCertificates({ files, use, now, later, onProblem }: Parts): Promise<CertificateKeeper> {
  let certificate: Certificate;
  /** As the files were when they were used last, found wrong, and told to be wrong. */
  let [used, wrong, told] = ['', '', ''];
  /** The day before the end on which its operator was warned. */
  let warned: number | undefined;

  const take = async (state: string): Promise<void> => {
    const loaded = await files.load();
    use(loaded.credentials);
    certificate = loaded.certificate;
    used = state;
    warned = undefined;
  };
  await take(await files.state());

  const look = async (): Promise<void> => {
    const state = await files.state();
    if (state === used || state === told) return;
    try {
      await take(state);
    } catch (error) {
      if (wrong === state) {
        told = state;
        onProblem(error);
      }
      wrong = state;
    }
  };

  /** Once a day, and at once where another certificate has come. */
  const warn = (): void => {
    const left = certificate.expiresAt - now();
    const day = Math.ceil(left / DAY_MS);
    if (left > WARN_MS || day === warned) return;
    warned = day;
    onProblem(endingOf(certificate, left));
  };

  let timer: ReturnType<Later>;
  let isClosed = false;
  const again = (): void => {
    timer = later(LOOK_MS, () => {
      void look()
        .catch(onProblem)
        .finally(() => {
          if (isClosed) return;
          warn();
          again();
        });
    });
  };
  warn();
  again();

  return {
    certificate: () => certificate,
    async reload() {
      const state = await files.state();
      await take(state).catch((error: unknown) => {
        told = state;
        onProblem(error);
      });
      warn();
    },
    close() {
      isClosed = true;
      timer.cancel();
    },
  };
}

function endingOf({ names, expiresAt }: Certificate, left: number): FotaServerError {
  const when = new Date(expiresAt).toISOString();
  return left <= 0
    ? new FotaServerError('tls-certificate-expired', `the certificate for ${names} has expired at ${when}`)
    : new FotaServerError('tls-certificate-expiring', `the certificate for ${names} expires at ${when}`);
}
