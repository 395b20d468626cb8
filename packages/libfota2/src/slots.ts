/**
 * libfota2/slots: places where a new version is tried and, if it does not hold, goes away again.
 *
 * `createFota({ ...applicationSlots('/srv/app') })` installs applications; `launcherPath` is the shell script that starts them.
 * `installer({ dir, command: ['rauc', 'install', '{file}'] })` hands images to a program that has slots of its own.
 */
import { fileURLToPath } from 'node:url';

/** The record that application and launcher share, for launchers and proofs of one's own. */
export { type BootRecord, formatBootRecord, newestOf, type Slot, started } from './core/boot-record.ts';
export type { Standing, Trials } from './core/trials.ts';
export {
  type ApplicationSlots,
  type ApplicationSlotsOptions,
  applicationSlots,
  type SlotsState,
} from './node/application-slots.ts';
export { type InstallerOptions, type InstallProgress, installer } from './node/installer.ts';

/** Of the launcher, a POSIX shell script that needs no Node: docs/slots.md. */
export const launcherPath: string = fileURLToPath(new URL('../launcher/launch.sh', import.meta.url));
