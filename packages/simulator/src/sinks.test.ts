import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { createFile, createFlash } from './index.ts';

it('a file keeps what was written since the last reset, even when the writer uses its buffer again', () => {
  const file = createFile();
  file.write(Buffer.from('old'));
  file.reset();
  const lent = Buffer.from('new');
  file.write(lent);
  lent.fill('x');
  file.write(Buffer.from('er'));
  expect(file.contents().toString()).toBe('newer');
});

it('a flash tells length and hash of what was written since the last reset, and goes on', () => {
  const flash = createFlash();
  flash.write(Buffer.from('old'));
  flash.reset();
  for (const text of ['new', 'er']) {
    flash.write(Buffer.from(text));
    flash.sha256();
  }
  expect([flash.bytes(), flash.sha256()]).toEqual([5, createHash('sha256').update('newer').digest('hex')]);
});
