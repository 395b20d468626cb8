import { scryptSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { scryptPasswords } from './passwords.ts';

/** Cheap, for tests. */
const LOW = { logN: 4, r: 1, p: 1 };

it('a password matches its hash, and no other does', async () => {
  const passwords = scryptPasswords(LOW);
  const hashed = await passwords.hash('correct horse');
  expect(await passwords.matches('correct horse', hashed)).toBe(true);
  for (const other of ['correct hors', 'Correct horse', '', 'correct horse ']) {
    expect(await passwords.matches(other, hashed)).toBe(false);
  }
  expect(await passwords.hash('correct horse')).not.toBe(hashed);
});

it('costs 32 MiB and more than a moment by default, told beside the hash', async () => {
  const hashed = await scryptPasswords().hash('correct horse');
  const [, logN, r, p, salt = '', hash] = hashed.split('$');
  expect([logN, r, p]).toEqual(['15', '8', '3']);
  const options = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 27 };
  const again = scryptSync('correct horse', Buffer.from(salt, 'base64url'), 32, options);
  expect(again.toString('base64url')).toBe(hash);
});

it('compares with what was kept at another cost', async () => {
  const hashed = await scryptPasswords({ logN: 5, r: 2, p: 2 }).hash('correct horse');
  expect(await scryptPasswords(LOW).matches('correct horse', hashed)).toBe(true);
});

it('compares with nothing that is no hash', async () => {
  await expect(scryptPasswords(LOW).matches('x', 'plain')).rejects.toThrow('a form that this program does not know');
});

it('makes many at once one after the other, and forgets none', async () => {
  const passwords = scryptPasswords(LOW);
  const hashed = await Promise.all(Array.from({ length: 40 }, (_, n) => passwords.hash(`${n}`)));
  const matches = await Promise.all(hashed.map((one, n) => passwords.matches(`${n}`, one)));
  expect(matches.every(Boolean)).toBe(true);
});
