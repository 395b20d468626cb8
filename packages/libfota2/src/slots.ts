/**
 * libfota2/slots: places where a new version is tried and, if it does not hold, goes away again.
 *
 * `createFota({ ...applicationSlots('/srv/app') })` installs applications; `launcherPath` is the shell script that starts them.
 */
import { fileURLToPath } from 'node:url';

export type { Slot } from './core/boot-record.ts';
export {
  type ApplicationSlots,
  type ApplicationSlotsOptions,
  applicationSlots,
  type SlotsState,
} from './node/application-slots.ts';

/** Of the launcher, a POSIX shell script that needs no Node: docs/slots.md. */
export const launcherPath: string = fileURLToPath(new URL('../launcher/launch.sh', import.meta.url));
