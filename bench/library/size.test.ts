import { expect, it } from 'vitest';
import { DOOR_LIMIT_BYTES, doorSize } from './size.ts';

it('keeps the door of libfota2 within 18.75 KiB, minified and gzipped', async () => {
  expect((await doorSize()).gzipped).toBeLessThanOrEqual(DOOR_LIMIT_BYTES);
});
