import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
// biome-ignore lint/correctness/noUndeclaredDependencies: the build tool of the whole workspace, declared at its root
import { build } from 'tsdown';

/** Gzipped bytes that a device's bundle may grow by for `import { request } from 'libfota2'` and all behind it. */
export const DOOR_LIMIT_BYTES: number = 18.75 * 1024;

/** Bytes of the whole door, `libfota2` with `protocol`, in one minified file. */
export async function doorSize(): Promise<{ readonly minified: number; readonly gzipped: number }> {
  const library = new URL('../packages/libfota2/', rootOfBench());
  const bundles = await build({
    config: false,
    cwd: fileURLToPath(library),
    entry: { index: 'src/index.ts' },
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    dts: false,
    minify: true,
    write: false,
    clean: false,
    logLevel: 'error',
    deps: { alwaysBundle: ['@libfota2/protocol'] },
  });
  const code = bundles.flatMap(({ chunks }) => chunks.flatMap((chunk) => (chunk.type === 'chunk' ? [chunk.code] : [])));
  if (code.length !== 1 || code[0] === undefined) throw new Error(`the door came out as ${code.length} files`);
  return { minified: Buffer.byteLength(code[0]), gzipped: gzipSync(code[0], { level: 9 }).length };
}

/** The folder of bench's sources, whether this module runs from it or from `dist`. */
function rootOfBench(): URL {
  const here = new URL('.', import.meta.url);
  return new URL(here.pathname.endsWith('/dist/library/') ? '../..' : '..', here);
}
