/** What the tests of this workspace share: servers that misbehave, fake worlds, port suites. Never shipped. */
export { type Authority, type CertificateWish, type Credentials, makeCertificate } from './certificates.ts';
export { makeImage, reprDigest, sha256Hex } from './images.ts';
export type { Misbehaviour } from './misbehaviours/row.ts';
export { type Served, serveMisbehaviour } from './misbehaviours/serve.ts';
export { MISBEHAVIOURS } from './misbehaviours/table.ts';
export { tool } from './tools.ts';
