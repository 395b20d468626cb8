import type { Settings, UpgradeOptions } from '../options.ts';
import type { CheckOutcome, Outcome } from '../outcome.ts';
import type { Signal } from '../platform.ts';
import type { Transport } from '../ports.ts';
import type { ScheduleOptions } from '../timing.ts';
import type { Trials } from '../trials.ts';
import type { Life, Release, Stage, Wait } from './lifecycle.ts';

/** `true`; or why not yet, and after how many milliseconds to ask again: 1 second to a week. */
export type Consent = true | { readonly reason: string; readonly forMs: number };

/** What an agent tells a log: a stable name, and words for people. */
export interface AgentEvent {
  readonly name: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** How an upgrade is asked for, tried, and judged. */
export interface AgentOptions {
  /** Where versions are tried: `applicationSlots`, `partitionSlots`, `installer`. */
  readonly place: Trials;
  /** Of the device: key ring, key, id, core. */
  readonly settings?: Settings | undefined;
  /** What is asked, and how patiently; without `url` the IoT platform. */
  readonly question: UpgradeOptions;
  /** The version that runs now. */
  version(): Promise<string | undefined>;
  /** Has the application or the machine started anew, so that the place's choice is obeyed. Resolves once that is ordered. */
  restart(): Promise<void>;
  /** `undefined` where what runs is well, else what is wrong with it. Default: none, the application confirms itself. */
  readonly probe?: ((signal: Signal) => Promise<string | undefined>) | undefined;
  /**
   * Milliseconds from a start within which the probe must have passed once. Without a probe: within which the application must have
   * confirmed itself. Default 300 000; without a probe as long as the place lets it.
   */
  readonly probeWithinMs?: number | undefined;
  /** Milliseconds for which every probe must pass, about one a second, before it counts. Default 0: once. */
  readonly probeForMs?: number | undefined;
  /** When it asks. Default: every 4 hours, jittered. */
  readonly schedule?: ScheduleOptions | undefined;
  /** Asked before anything is downloaded. Default: always. */
  readonly mayInstall?: ((release: Release) => Promise<Consent>) | undefined;
  /** Asked before what was installed is started. Default: always. */
  readonly mayReboot?: ((release: Release) => Promise<Consent>) | undefined;
  /** Told of each change, and of each piece that came. Default: nobody. */
  readonly onStatus?: ((status: AgentStatus) => void) | undefined;
  readonly onEvent?: ((event: AgentEvent) => void) | undefined;
  /** The end of the application's log, for reports: of what runs, or of what was given up. Up to 19 lines. Default: none. */
  readonly lastLines?: ((about: 'failed' | 'rolled-back') => Promise<readonly string[]>) | undefined;
}

/** What an agent is at. Moments are milliseconds since 1970. */
export interface AgentStatus {
  readonly stage: Stage;
  /** Since when. */
  readonly sinceMs: number;
  readonly version: string | undefined;
  readonly release: Release | undefined;
  readonly progress: { readonly bytes: number; readonly total: number | undefined } | undefined;
  /** A consent that was not given yet. */
  readonly wait: Wait | undefined;
  readonly lastCheck: { readonly atMs: number; readonly code: string; readonly message: string } | undefined;
  readonly failure: Life['failure'];
  readonly nextCheckMs: number | undefined;
  /** Serial of the key ring; `undefined` where there is none, or nothing was asked yet. */
  readonly keyRing: number | undefined;
}

/** Takes a device from version to version, and back where one does not hold. */
export interface Agent {
  /** Goes on with what was left, then asks by its schedule. Once. */
  start(): void;
  /** Asks now. Resolves once nothing is left to do for the moment. */
  checkNow(): Promise<void>;
  /**
   * Takes an image from elsewhere, under the same checks. Resolves once nothing is left to do for the moment; rejects only where
   * `stop` came before it was asked for.
   */
  install(from: Source): Promise<Outcome | CheckOutcome>;
  readonly status: AgentStatus;
  /** Ends what is under way; what came is kept. Resolves once all is at rest. */
  stop(): Promise<void>;
}

/** Where an image comes from that is not asked for over the network. */
export interface Source {
  readonly transport: Transport;
  /** For outcomes and notes, as if it were asked there. */
  readonly url: string;
  /** Somebody who stands there wants it now: `mayInstall` is not asked. Default false. */
  readonly isConsented?: boolean | undefined;
}
