import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  makeAir8101Package,
  makeCoreUpgrade,
  makeImage,
  makeLftaPackage,
  makeScript,
  makeScriptPackage,
  makeXt804Package,
} from '@libfota2/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FotaServerError } from '../../domain/errors.ts';
import { createInspector } from './inspector.ts';

/** Seconds in `npm test`, minutes where PROVE is set. */
const TIMES = process.env['PROVE'] === undefined ? 1 : 50;
const TIMEOUT_MS = 30_000 * TIMES;

const { inspect } = createInspector();

/** The answer's kind, or the code of the refusal; anything else that is thrown is a failure. */
async function answerTo(bytes: Uint8Array): Promise<string> {
  try {
    const source = {
      size: bytes.length,
      read: async (first: number, length: number) => bytes.subarray(first, first + length),
    };
    const found = await inspect(source, 'demo_2012.1.5_LuatOS-SoC_EC718PV.bin');
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
    return found.kind;
  } catch (error) {
    if (error instanceof FotaServerError) return error.code;
    throw error;
  }
}

const script = makeScript();
const stored = makeCoreUpgrade({ sections: [{ content: script, packing: 'stored' }], coreDelta: makeImage(2, 40) });
const packages: readonly Uint8Array[] = [
  makeScriptPackage({ family: 'ec618' }),
  stored,
  makeAir8101Package(script),
  makeLftaPackage([makeImage(1, 90), makeImage(2, 77)]),
  makeXt804Package(script),
  script,
];
const edits = fc.array(fc.tuple(fc.nat(4_000), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });

function mutated(bytes: Uint8Array, changes: ReadonlyArray<readonly [at: number, by: number]>): Buffer {
  const file = Buffer.from(bytes);
  for (const [at, by] of changes) file[at % file.length] = (file[at % file.length] ?? 0) ^ by;
  return file;
}

/** The sums of the header, and of the first section where it is stored, made right again. */
function resealed(file: Buffer): Buffer {
  const common = file.subarray(92, 92 + file.readUInt32LE(52));
  createHash('md5').update(common).digest().copy(file, 60);
  file.writeUInt32LE(~crc32(file.subarray(8, 92)) >>> 0, 4);
  return file;
}

describe('an inspection ends with an answer or a refusal', () => {
  it(
    'for packages with changed bytes',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...packages), edits, async (bytes, changes) => {
          expect(await answerTo(mutated(bytes, changes))).toMatch(/./);
        }),
        { numRuns: 400 * TIMES },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'for packages that end early or go on',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...packages),
          fc.nat(2_000),
          fc.uint8Array({ maxLength: 40 }),
          async (...it) => {
            const [bytes, length, tail] = it;
            expect(await answerTo(Buffer.concat([bytes.subarray(0, length), tail]))).toMatch(/./);
          },
        ),
        { numRuns: 400 * TIMES },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'for damage that the sums of the header do not show, in stored sections',
    async () => {
      await fc.assert(
        fc.asyncProperty(edits, async (changes) => {
          const file = Buffer.from(stored);
          const common = file.subarray(92, file.length - 40);
          mutated(common, changes).copy(common);
          expect(await answerTo(resealed(file))).toMatch(/./);
        }),
        { numRuns: 400 * TIMES },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'for damage within packed blocks, which the unpacker meets unless the bytes do not matter',
    async () => {
      const packed = makeCoreUpgrade({ sections: [{ content: makeImage(5, 3_000) }] });
      await fc.assert(
        fc.asyncProperty(fc.nat(packed.length - 93 - 36), fc.integer({ min: 1, max: 255 }), async (at, by) => {
          const file = mutated(packed, [[92 + 36 + at, by]]);
          expect(await answerTo(resealed(file))).toMatch(/^(?:package-corrupt|unknown)$/);
        }),
        { numRuns: 40 * TIMES },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'for any bytes, with the beginning of any format',
    async () => {
      const beginnings = packages.map((bytes) => bytes.subarray(0, 64));
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(new Uint8Array(), Buffer.alloc(1024, 0xff), ...beginnings),
          fc.uint8Array({ maxLength: 300 }),
          async (beginning, rest) => {
            expect(await answerTo(Buffer.concat([beginning, rest]))).toMatch(/./);
          },
        ),
        { numRuns: 600 * TIMES },
      );
    },
    TIMEOUT_MS,
  );
});

it(
  'one byte changed anywhere in a package with checksums is always noticed',
  async () => {
    const checked = [packages[0], stored, makeAir8101Package(script)];
    for (const bytes of checked) {
      if (bytes === undefined) continue;
      for (let at = 0; at < bytes.length; at += TIMES > 1 ? 1 : 7) {
        const answer = await answerTo(mutated(bytes, [[at, 0x10]]));
        // The beginning is what a format is known by: without it the file is somebody else's.
        expect([at, ['package-corrupt', 'unknown'].includes(answer)]).toEqual([at, true]);
      }
    }
  },
  TIMEOUT_MS,
);
