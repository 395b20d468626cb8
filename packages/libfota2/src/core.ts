/**
 * The pure part of libfota2 and its ports: everything that decides, nothing that touches the world. Give it a
 * {@link World} of your own to run it elsewhere than on Node.
 */

export {
  EVENTS,
  type EventCode,
  type FailureCode,
  type Manifest,
  RESULT,
  type Refusal,
  type ResultNumber,
} from '@libfota2/protocol';
export {
  ConnectionError,
  DisconnectedError,
  FotaError,
  failure,
  MessageError,
  type Phase,
  UrlError,
  VersionError,
} from './core/errors.ts';
export { type Callback, createCore, type Fota, type World } from './core/fota.ts';
export type { DeviceFacts, RequestOptions, Settings, TransferSettings, UpgradeOptions } from './core/options.ts';
export type {
  Available,
  CheckOutcome,
  Downloaded,
  Failed,
  KeyRingStory,
  NoUpgrade,
  NoUpgradeReason,
  Outcome,
  Progress,
  Story,
} from './core/outcome.ts';
export type { Facts } from './core/plan.ts';
export type { Signal } from './core/platform.ts';
export type {
  Answer,
  Ask,
  Clock,
  Hash,
  HashAlgorithm,
  Kept,
  Notebook,
  Ports,
  Target,
  Timer,
  TlsMaterial,
  Transport,
  Vault,
} from './core/ports.ts';
export type { DeviceReport, Reported, ReportOutcome } from './core/report.ts';
export type { Schedule, Sys } from './core/schedule.ts';
export { createSharing, type Share } from './core/sharing.ts';
export type { ScheduleOptions } from './core/timing.ts';
