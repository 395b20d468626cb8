/** What a listener shows of itself, and asks of its clients, over TLS; all of it PEM. */
export interface Credentials {
  /** Its certificate, and those between it and an authority. */
  readonly cert: string;
  readonly key: string;
  readonly passphrase: string | undefined;
  /** Who must have signed the certificates of clients; `undefined`: clients need none. */
  readonly clientCa: string | undefined;
}

/** A certificate as an operator sees it. */
export interface Certificate {
  /** Whom it is for, such as `DNS:fota.example.com`, or its subject. */
  readonly names: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** SHA-256, in hex with colons. */
  readonly fingerprint: string;
}

/** Files that hold credentials, which somebody may replace at any time. */
export interface CertificateFiles {
  /** Another text whenever one of the files is another, or not there. */
  state(): Promise<string>;
  /**
   * Reads and tries them.
   * @throws FotaServerError `tls-file-unreadable`, `tls-certificate-invalid`, `tls-key-invalid`, `tls-key-mismatch`
   */
  load(): Promise<{ readonly credentials: Credentials; readonly certificate: Certificate }>;
}
