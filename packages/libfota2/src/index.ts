/**
 * libfota2: firmware over the air for devices that run Node.js.
 *
 * `request(callback, options)` asks the IoT platform, or a server of one's own, and puts the image to `update.bin`;
 * the callback gets 0 to 5. All functions here belong to one default instance; `createFota` makes others.
 */
import { createCore, createSharing, type Fota, type Outcome, RESULT, type Settings } from './core.ts';
import { nodeWorld } from './node/world.ts';

export * from './core.ts';
export { updateFile } from './node/update-file.ts';

const share = createSharing<Outcome>(nodeWorld.clock);

/** Makes an instance with settings and timers of its own. Instances that use one folder take turns there. */
export function createFota(settings: Settings = {}): Fota {
  return createCore(nodeWorld, settings, share);
}

const standard = createFota();

export const request: Fota['request'] = standard.request;
export const upgrade: Fota['upgrade'] = standard.upgrade;
export const check: Fota['check'] = standard.check;
export const report: Fota['report'] = standard.report;
export const schedule: Fota['schedule'] = standard.schedule;
export const configure: Fota['configure'] = standard.configure;
export const sys: Fota['sys'] = standard.sys;

/** The door as one object, for `import libfota2 from 'libfota2'`. */
const libfota2: Fota & { readonly RESULT: typeof RESULT; readonly createFota: typeof createFota } = {
  ...standard,
  RESULT,
  createFota,
};
export default libfota2;
