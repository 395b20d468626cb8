import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { folders } from '../../test/folder.ts';
import { from, OWNER, uploadWorlds } from '../../test/uploads.ts';
import type { Uploads } from './uploads.ts';

const world = uploadWorlds(folders(onTestFinished));

interface Attempt {
  readonly place: 'where it stands' | 'the beginning' | 'too far';
  readonly length: number;
  /** Of the event loop, before it ends. */
  readonly turns: number;
  readonly ends: 'well' | 'by a cut' | 'by a restart' | 'overtaken';
}

/** Sends a piece that ends in some way. Resolves to the uploads as they are open afterwards. */
async function tried(
  uploads: Uploads,
  id: string,
  content: Uint8Array,
  { place, length, turns, ends }: Attempt,
  opened: () => Promise<Uploads>,
): Promise<Uploads> {
  const { offset: stands } = await uploads.upload(id);
  const offset = { 'where it stands': stands, 'the beginning': 0, 'too far': stands + 1 }[place];
  const line = new PassThrough();
  line.on('error', () => undefined);
  const sending = uploads.append(id, offset, line).catch((error) => error);
  line.write(content.subarray(offset, offset + length));
  for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
  if (ends === 'well') line.end();
  if (ends === 'by a cut') line.destroy(new Error('the line is dead'));
  if (ends === 'overtaken') await uploads.append(id, stands, from()).catch(() => undefined);
  if (ends === 'by a restart') await uploads.close();
  await sending;
  return ends === 'by a restart' ? opened() : uploads;
}

it('uploads arrive whole, however they are cut, restarted, repeated and overtaken', async () => {
  const attempts = fc.array(
    fc.record<Attempt>({
      place: fc.constantFrom('where it stands', 'the beginning', 'too far'),
      length: fc.integer({ min: 0, max: 400 }),
      turns: fc.integer({ min: 0, max: 9 }),
      ends: fc.constantFrom('well', 'by a cut', 'by a restart', 'overtaken'),
    }),
    { maxLength: 8 },
  );
  const whole = fc.asyncProperty(
    fc.uint8Array({ minLength: 1, maxLength: 1_000 }),
    attempts,
    async (content, tries) => {
      const { opened } = await world();
      let uploads = await opened();
      const digest = createHash('sha256').update(content).digest('hex');
      const { id } = await uploads.create({ owner: OWNER, size: content.length, sha256: digest });
      for (const attempt of tries) {
        const { offset: stood } = await uploads.upload(id);
        uploads = await tried(uploads, id, content, attempt, opened);
        expect((await uploads.upload(id)).offset).toBeGreaterThanOrEqual(stood);
      }
      const { offset } = await uploads.upload(id);
      const complete = await uploads.append(id, offset, from(content.subarray(offset)));
      expect(complete).toMatchObject({ taken: { sha256: digest } });
      await uploads.close();
    },
  );
  await fc.assert(whole, { numRuns: process.env['PROVE'] ? 200 : 25, seed: 3 });
});
