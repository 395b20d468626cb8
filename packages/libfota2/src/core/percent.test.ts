import { expect, it } from 'vitest';
import { percentOf } from './percent.ts';

it.each([
  // RAUC
  ['  0% Installing', 0],
  [' 40% Verifying signature done.', 40],
  ['100% Installing done.', 100],
  // fwup -n, and without
  ['7', 7],
  ['100', 100],
  ['|====================                    |  50% (1.2 / 2.4) MB', 50],
  // swupdate-progress: the part of the step, and the step
  ['[ ====================>        ] 1 of 2 50% (rootfs.ext4), dwl 100% of 4096 bytes', 25],
  ['[ =============================] 2 of 2 100% (rootfs.ext4)', 100],
  // Mender
  ['................................ - 12 % 5120 KiB', 12],
  ['99.9 %', 99],
])('%j tells %i %%', (line, percent) => expect(percentOf(line)).toBe(percent));

it.each(['', 'Installing', '1 of 2', '250%', '1234', '-', '9 of 2 50', '%', 'a 1000% gain'])(
  '%j tells nothing',
  (line) => expect(percentOf(line)).toBeUndefined(),
);
