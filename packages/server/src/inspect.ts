import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type CertificatePaths, certificateFiles } from './adapters/disk/certificates.ts';
import { hashOf, sourceOf } from './adapters/disk/packages.ts';
import { createInspector } from './adapters/formats/inspector.ts';
import { FotaServerError } from './domain/errors.ts';
import type { Inspection } from './domain/inspection.ts';
import { type Proposal, propose } from './domain/proposal.ts';
import type { Certificate } from './ports/certificates.ts';

/** A file as the server would see it at upload. */
export interface InspectedFile {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly inspection: Inspection;
  readonly proposal: Proposal;
}

/**
 * Says what a file is, without any server.
 * @throws FotaServerError `package-unreadable`, `package-empty`, `package-corrupt`, `package-not-upgrade`
 */
export async function inspectFile(path: string): Promise<InspectedFile> {
  const unreadable = (error: unknown): FotaServerError =>
    new FotaServerError('package-unreadable', `${path}: ${(error as Error).message}`, error);
  const file = await open(path).catch((error) => {
    throw unreadable(error);
  });
  try {
    const { sha256, size } = await hashOf(file).catch((error) => {
      throw unreadable(error);
    });
    const fileName = basename(path);
    const inspection = await createInspector().inspect(sourceOf(file, size), fileName);
    return { size, sha256, inspection, proposal: propose(inspection, fileName) };
  } finally {
    await file.close();
  }
}

/**
 * Says what a certificate is, where `startServer` would take it and its key.
 * @throws FotaServerError `tls-file-unreadable`, `tls-certificate-invalid`, `tls-key-invalid`, `tls-key-mismatch`
 */
export async function readCertificate(paths: CertificatePaths): Promise<Certificate> {
  const { certificate } = await certificateFiles(paths).load();
  return certificate;
}
