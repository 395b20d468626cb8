import * as fs from 'node:fs/promises';
import { expect, it } from 'vitest';
import { bootedSlot, bootId } from './machine.ts';

const saying = (text: string) => ({ readFile: (async () => text) as unknown as typeof fs.readFile });
const silent = { readFile: (async () => Promise.reject(new Error('ENOENT'))) as typeof fs.readFile };

it.each([
  ['console=ttyS0 root=/dev/mmcblk0p2 rootwait\n', '/dev/mmcblk0p2'],
  ['root=PARTUUID=e8a3-02 ro', 'PARTUUID=e8a3-02'],
  ['root=/dev/dm-0 rauc.slot=system1', 'system1'],
  ['BOOT_IMAGE=/vmlinuz root=UUID=1-2 rauc.slot=', 'UUID=1-2'],
  // Called the same in every slot.
  ['root=/dev/dm-0 ro', undefined],
  ['root=/dev/mapper/verity', undefined],
  ['root=/dev/ram0', undefined],
  ['root=/dev/nfs nfsroot=10.0.0.1:/srv', undefined],
  ['quiet', undefined],
  ['', undefined],
])('of %j the slot is %j', async (text, slot) => expect(await bootedSlot(saying(text))).toBe(slot));

it('a boot has a name, and where the system does not tell it has none', async () => {
  expect(await bootId(saying('7d2c\n'))).toBe('7d2c');
  expect([await bootId(silent), await bootedSlot(silent)]).toEqual([undefined, undefined]);
});

it.skipIf(process.platform !== 'linux')('the boot is the same within one', async () => {
  expect(await bootId(fs)).toMatch(/^[0-9a-f-]{36}$/);
  expect(await bootId(fs)).toBe(await bootId(fs));
});
