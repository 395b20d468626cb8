/**
 * The contract that the device library and the upgrade server share (docs/protocol.md).
 * Pure: no input or output, no clock, no Node.
 */
export { CsvError, type CsvReader, type CsvRow, createCsvReader, csvLine, unguarded } from './csv.ts';
export { type Digest, type DigestAlgorithm, formatDigest, parseDigest } from './digests.ts';
export { EVENTS, type EventCode, type FailureCode } from './events.ts';
export {
  type Identity,
  type IdKind,
  identityParameters,
  joinParameters,
  PLATFORM_URL,
  parseTarget,
  type Target,
  UPGRADE_PATH,
} from './identity.ts';
export {
  PLAIN_PREFIX,
  parsePlainTarget,
  parseReportTarget,
  parseSignatureTarget,
  plainTarget,
  reportTarget,
  type SignatureQuestion,
} from './plain.ts';
export { groupsIn, resolveGroups } from './query/groups.ts';
export { compileQuery, matchesQuery, type QueryMatcher } from './query/match.ts';
export { nearestWord } from './query/nearest.ts';
export { parseQuery, type QueryWords } from './query/parse.ts';
export { printQuery } from './query/print.ts';
export {
  MAX_QUERY_LENGTH,
  QUERY_FIELDS,
  type Query,
  QueryError,
  type QueryErrorCode,
  type QueryFacts,
  type QueryField,
} from './query/query.ts';
export { parseDuration, parseInstant, printDuration } from './query/times.ts';
export { type ContentRange, formatContentRange, parseContentRange, parseRange, type RangeAnswer } from './ranges.ts';
export {
  asciiJson,
  formatRefusal,
  parseRefusal,
  REFUSALS,
  type Refusal,
  type RefusalCode,
  type RefusalReason,
  refusalReason,
} from './refusals.ts';
export { formatReport, parseReport, REPORT_BYTES, REPORT_STATES, type Report, type ReportState } from './reports.ts';
export { RESULT, type ResultNumber } from './results.ts';
export { fromBase64, joined, toBase64, utf8 } from './trust/bytes.ts';
export { TrustError, type TrustErrorCode } from './trust/errors.ts';
export {
  followLink,
  formatKeyRing,
  formatLinks,
  isKeyRing,
  KEY_RING_FIRMWARE,
  type KeyRing,
  type KeyRingLink,
  parseKeyRing,
  parseLinks,
  type TrustCrypto,
} from './trust/key-ring.ts';
export { admit, type Circumstances, formatManifest, type Manifest, onWire, parseManifest } from './trust/manifest.ts';
export {
  commentMessage,
  type Ed25519Verify,
  formatPublicKey,
  formatSignature,
  type PublicKey,
  parsePublicKey,
  parseSignature,
  proveBytes,
  proveComment,
  SIGNATURE_TEXT_LIMIT,
  type Signature,
} from './trust/minisign.ts';
export {
  formatTurnkeyOffer,
  parseTurnkeyPackageTarget,
  parseTurnkeyResult,
  parseTurnkeyTarget,
  TURNKEY_PACKAGE_PATH,
  TURNKEY_PATH,
  TURNKEY_RESULT_PATH,
  type TurnkeyOffer,
  type TurnkeyQuestion,
  type TurnkeyResult,
} from './turnkey.ts';
export { isStrongEtag, matchesIfNoneMatch } from './validators.ts';
export { compareVersions, defaultFirmwareName, isThreePartVersion, wireVersion } from './versions.ts';
