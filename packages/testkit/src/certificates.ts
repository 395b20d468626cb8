/**
 * X.509 certificates made at test time, in DER by hand: Node signs but does not write certificates, and a test must not
 * need openssl. As small as verification allows (RFC 5280): version 3, ECDSA P-256, basic constraints, one SAN.
 * Not for anything but tests.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate with its key. */
export interface Credentials {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** The same key, encrypted with a passphrase. */
  encryptedKey(passphrase: string): string;
}

export interface CertificateWish {
  /** Common name of the subject. */
  readonly name: string;
  /** A DNS name or an IPv4 address that the certificate is good for. */
  readonly host?: string;
  /** Who signs; without one the certificate signs itself. */
  readonly issuer?: Authority;
  readonly authority?: boolean;
  /** Calendar years, UTC. Default 2000 to 2049. */
  readonly years?: readonly [from: number, until: number];
}

/** Credentials that can sign others. */
export interface Authority extends Credentials {
  readonly subject: Buffer;
  readonly privateKey: KeyObject;
}

/** Makes a certificate that verifies, or just does not, as the wish says. */
export function makeCertificate(wish: CertificateWish): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = distinguishedName(wish.name);
  const [from, until] = wish.years ?? [2000, 2049];
  const toBeSigned = sequence(
    tagged(0xa0, integer(2)),
    tagged(0x02, serialNumber()),
    ECDSA_WITH_SHA256,
    wish.issuer?.subject ?? subject,
    sequence(utcTime(`${two(from)}0101000000Z`), utcTime(`${two(until)}1231235959Z`)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(wish))),
  );
  const signature = sign('sha256', toBeSigned, wish.issuer?.privateKey ?? privateKey);
  const der = sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    encryptedKey: (passphrase) =>
      privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString(),
    subject,
    privateKey,
  };
}

function extensions({ authority = false, host }: CertificateWish): Buffer[] {
  const constraints = authority ? sequence(tagged(0x01, Buffer.from([0xff]))) : sequence();
  const all = [sequence(oid(0x55, 0x1d, 0x13), tagged(0x01, Buffer.from([0xff])), octets(constraints))];
  if (host !== undefined) {
    const name = isIPv4(host)
      ? tagged(0x87, Buffer.from(host.split('.').map(Number)))
      : tagged(0x82, Buffer.from(host, 'ascii'));
    all.push(sequence(oid(0x55, 0x1d, 0x11), octets(sequence(name))));
  }
  return all;
}

function tagged(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  // DER wants the shortest form of a length; 64 KiB is more than a certificate needs.
  const [high, low] = [body.length >> 8, body.length & 0xff];
  const length = high > 0 ? [0x82, high, low] : low < 0x80 ? [low] : [0x81, low];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...members: Buffer[]): Buffer => tagged(0x30, ...members);
const oid = (...bytes: number[]): Buffer => tagged(0x06, Buffer.from(bytes));
const octets = (content: Buffer): Buffer => tagged(0x04, content);
const bitString = (content: Buffer): Buffer => tagged(0x03, Buffer.from([0]), content);
const utcTime = (text: string): Buffer => tagged(0x17, Buffer.from(text, 'ascii'));
const integer = (value: number): Buffer => tagged(0x02, Buffer.from([value]));
const two = (year: number): string => String(year % 100).padStart(2, '0');

const ECDSA_WITH_SHA256: Buffer = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));

/** Positive, and with a first byte that DER has no shorter way to write. */
function serialNumber(): Buffer {
  return Buffer.concat([Buffer.from([0x40]), randomBytes(15)]);
}

function distinguishedName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(oid(0x55, 0x04, 0x03), tagged(0x0c, Buffer.from(name, 'utf8')))));
}
