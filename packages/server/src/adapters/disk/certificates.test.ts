import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificate } from '@libfota2/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { certificateFiles } from './certificates.ts';

const folder = folders(onTestFinished);
const shown = makeCertificate({ name: 'fota', host: 'fota.example.com', years: [2024, 2031] });
const other = makeCertificate({ name: 'other' });

/** Files of these contents, by their role. */
async function written(contents: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const dir = await folder();
  const paths = Object.keys(contents).map((role) => [role, join(dir, `${role}.pem`)] as const);
  for (const [role, path] of paths) await writeFile(path, contents[role] ?? '');
  return Object.fromEntries(paths);
}

async function loaded(contents: Readonly<Record<string, string>>, changes: Record<string, string> = {}) {
  const paths = { ...(await written(contents)), ...changes };
  return certificateFiles(paths as never).load();
}

describe('a certificate in files', () => {
  it('says for whom and how long it is', async () => {
    const { certificate, credentials } = await loaded({ cert: shown.cert, key: shown.key });
    expect(certificate).toEqual({
      names: 'DNS:fota.example.com',
      validFrom: Date.UTC(2024, 0, 1),
      expiresAt: Date.UTC(2031, 11, 31, 23, 59, 59),
      fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
    });
    expect(credentials).toEqual({ cert: shown.cert, key: shown.key, passphrase: undefined, clientCa: undefined });
  });

  it('may have a chain behind it, its key encrypted, and authorities for clients', async () => {
    const contents = { cert: shown.cert + other.cert, key: shown.encryptedKey('geheim'), passphraseFile: 'geheim\n' };
    const { credentials, certificate } = await loaded({ ...contents, clientCa: other.cert });
    expect(credentials).toMatchObject({ passphrase: 'geheim', clientCa: other.cert });
    expect(certificate.names).toBe('DNS:fota.example.com');
  });

  it.each<[string, string, Record<string, string>, RegExp]>([
    ['is not there', 'tls-file-unreadable', { key: shown.key }, /no such file/],
    [
      'has another key',
      'tls-key-mismatch',
      { cert: shown.cert, key: other.key },
      /key\.pem is not that of .*cert\.pem/,
    ],
    ['is none', 'tls-certificate-invalid', { cert: 'cert', key: shown.key }, /cert\.pem: /],
    ['lies where its key should', 'tls-key-invalid', { cert: shown.cert, key: shown.cert }, /key\.pem: /],
    ['has a key that takes a passphrase', 'tls-key-invalid', { cert: shown.cert, key: shown.encryptedKey('x') }, /key/],
    [
      'has a key with another passphrase',
      'tls-key-invalid',
      { cert: shown.cert, key: shown.encryptedKey('x'), passphraseFile: 'y' },
      /key\.pem/,
    ],
    [
      'asks for authorities that are none',
      'tls-certificate-invalid',
      { cert: shown.cert, key: shown.key, clientCa: shown.key },
      /clientCa\.pem/,
    ],
  ])('that %s is refused as %s', async (_what, code, contents, message) => {
    const nowhere = join(await folder(), 'none.pem');
    const load = loaded(contents, { ...('cert' in contents ? {} : { cert: nowhere }) });
    await expect(load).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('is another state once any of them was written, replaced or taken away', async () => {
    const paths = await written({ cert: shown.cert, key: shown.key, clientCa: other.cert });
    const { cert = '', key = '', clientCa = '' } = paths;
    const { state } = certificateFiles({ cert, key, clientCa });
    const states = [await state()];
    expect(await state()).toBe(states[0]);
    await writeFile(`${cert}.new`, shown.cert);
    await rename(`${cert}.new`, cert);
    states.push(await state());
    await writeFile(key, `${shown.key}\n`);
    states.push(await state());
    await rm(clientCa);
    states.push(await state());
    expect(new Set(states).size).toBe(4);
  });
});
