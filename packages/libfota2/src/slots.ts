/**
 * libfota2/slots: places where a new version is tried and, if it does not hold, goes away again.
 *
 * `createFota({ ...applicationSlots('/srv/app') })` installs applications, `partitionSlots` whole systems; `launcherPath` is the shell script
 * that starts them, `ubootScriptPath` the same for U-Boot.
 * `installer({ dir, command: ['rauc', 'install', '{file}'] })` hands images to a program that has slots of its own.
 */
import { fileURLToPath } from 'node:url';

export type { BootChoice } from './core/boot-choice.ts';
/** The record that application and launcher share, for launchers and proofs of one's own. */
export { type BootRecord, formatBootRecord, newestOf, type Slot, started } from './core/boot-record.ts';
export type { Standing, Trials } from './core/trials.ts';
export { type ApplicationSlots, type ApplicationSlotsOptions, applicationSlots } from './node/application-slots.ts';
export { bootFiles } from './node/boot-files.ts';
export { type InstallerOptions, type InstallProgress, installer } from './node/installer.ts';
export { type PartitionSlots, type PartitionSlotsOptions, partitionSlots } from './node/partition-slots.ts';
export type { SlotsState, TrialOptions } from './node/two-slots.ts';
export { type UbootEnvironmentOptions, ubootEnvironment } from './node/uboot-environment.ts';

/** Of the launcher, a POSIX shell script that needs no Node: docs/slots.md. */
export const launcherPath: string = fileURLToPath(new URL('../launcher/launch.sh', import.meta.url));

/** What U-Boot needs to try and to go back, for `mkenvimage` or `env import -t`: docs/partitions.md. */
export const ubootScriptPath: string = fileURLToPath(new URL('../launcher/uboot.env', import.meta.url));
