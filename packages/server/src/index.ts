/** The upgrade server: decides which device gets which release, and serves it. */

export {
  type AuditEntry,
  type AuditFault,
  type AuditHead,
  type AuditRecord,
  entryIn,
  faultOf,
  lineOf,
  NO_ENTRY,
  recordIn,
} from './domain/audit.ts';
export type { BackupFile, BackupManifest } from './domain/backup.ts';
export {
  ANY_SOURCE,
  checkedNames,
  checkNotes,
  checkProjectName,
  type Package,
  type Project,
  type Release,
  type ReleasePackage,
  type ReleaseState,
  sourceOf,
} from './domain/catalogue.ts';
export {
  type Access,
  type Circumstances,
  type Decision,
  type Deliveries,
  type Device,
  decide,
  type Refused,
  type Rule,
  STRANGER,
  type Upgrade,
} from './domain/decide.ts';
export { FotaServerError, SERVER_ERRORS, type ServerErrorCode } from './domain/errors.ts';
export type { StoredEvent } from './domain/event.ts';
export type { Explanation, Step } from './domain/explain.ts';
export type { Inspection } from './domain/inspection.ts';
export { type Plan, planOf } from './domain/plan.ts';
export type { Grant, Role } from './domain/principal.ts';
export { NO_CORE } from './domain/publication.ts';
export type * from './http/admin/account-api.ts';
export type * from './http/admin/api.ts';
export type * from './http/admin/device-api.ts';
export type * from './http/admin/explain-api.ts';
export type * from './http/admin/plan-api.ts';
export type * from './http/admin/rollout-api.ts';
export { checkRollout, rolloutRequest } from './http/admin/rollout-views.ts';
export type * from './http/admin/trust-api.ts';
export type * from './http/admin/webhook-api.ts';
export type { Limits } from './http/door.ts';
export { type InspectedFile, inspectFile, readCertificate } from './inspect.ts';
export { type FotaServer, type PublishOptions, startServer } from './main.ts';
export type { LostRequest, ServerOptions, TlsOptions } from './options.ts';
export type { Certificate } from './ports/certificates.ts';
export { restoreBackup, verifyBackup } from './restore.ts';
export type { CheckIn } from './usecases/check-in.ts';
export type { Operator, Publication, Published } from './usecases/operator.ts';
