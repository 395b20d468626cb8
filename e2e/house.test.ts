import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The house rules of engineering: who may import what. Each line breaks one; lint must say so. */
const TRESPASSES: readonly [file: string, line: string, rule: string][] = [
  ['packages/protocol/src/x.ts', "import 'node:fs';", 'noNodejsModules'],
  ['packages/protocol/src/x.ts', "import '@libfota2/server';", 'noRestrictedImports'],
  ['packages/protocol/src/x.ts', 'export const now: number = Date.now();', 'noRestrictedGlobals'],
  ['packages/libfota2/src/core/x.ts', "import 'node:fs';", 'noNodejsModules'],
  ['packages/libfota2/src/core/x.ts', "import '@libfota2/server';", 'noRestrictedImports'],
  ['packages/libfota2/src/node/x.ts', "import '@libfota2/server';", 'noRestrictedImports'],
  ['packages/server/src/domain/x.ts', "import '@libfota2/testkit';", 'noRestrictedImports'],
  ['packages/server/src/usecases/x.ts', "import 'libfota2';", 'noRestrictedImports'],
  ['packages/libfota2/src/core/x.ts', "import '../node/clock.ts';", 'noRestrictedImports'],
  ['packages/libfota2/src/core/agent/x.ts', "import '../../node/clock.ts';", 'noRestrictedImports'],
  ['packages/libfota2/src/core/x.ts', 'export const now: number = Date.now();', 'noRestrictedGlobals'],
  ['packages/libfota2/src/node/x.ts', "import 'semver';", 'noRestrictedImports'],
  ['packages/server/src/domain/x.ts', "import '../ports.ts';", 'noRestrictedImports'],
  ['packages/server/src/domain/x.ts', 'export const now: number = Date.now();', 'noRestrictedGlobals'],
  ['packages/server/src/usecases/x.ts', "import '../adapters/disk/files.ts';", 'noRestrictedImports'],
  ['packages/server/src/adapters/disk/x.ts', "import '../sqlite/store.ts';", 'noRestrictedImports'],
  ['packages/server/src/http/x.ts', "import '../adapters/disk/files.ts';", 'noRestrictedImports'],
  ['packages/simulator/src/x.ts', "import '@libfota2/server';", 'noRestrictedImports'],
  ['packages/simulator/src/x.ts', "import '@libfota2/server/settings';", 'noRestrictedImports'],
  ['packages/cli/src/x.ts', "import '@libfota2/testkit';", 'noRestrictedImports'],
  ['examples/x.ts', "import '@libfota2/server/src/main.ts';", 'noRestrictedImports'],
  ['packages/server/src/x.ts', 'export const x: any = 1;', 'noExplicitAny'],
  ['packages/server/src/x.ts', 'export default 1;', 'noDefaultExport'],
];

describe('lint keeps the walls of the house', () => {
  let house: string;
  /** What lint says of all of them, a line each, with the rule in its title and the path of the file. */
  let said: readonly string[];

  /** In a file of its own, beside those of the others. */
  const place = (file: string, number: number): string => file.replace(/x\.ts$/, `x${number}.ts`);

  beforeAll(() => {
    house = mkdtempSync(join(tmpdir(), 'libfota2 house '));
    for (const file of ['biome.json', '.gitignore']) cpSync(join(root, file), join(house, file));
    symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
    spawnSync('git', ['init', '-q'], { cwd: house });
    for (const [number, [file, line]] of TRESPASSES.entries()) {
      const path = join(house, place(file, number));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${line}\n`);
    }
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
    const args = [biome, 'lint', '--reporter=github', '--max-diagnostics=none', '.'];
    const { stdout } = spawnSync(process.execPath, args, { cwd: house, encoding: 'utf8' });
    said = stdout.split('\n');
  });
  afterAll(() => rmSync(house, { recursive: true }));

  it.each(TRESPASSES.map((trespass, number) => [...trespass, number] as const))(
    '%s must not have: %s',
    (file, _line, rule, number) => {
      const own = said.filter((one) => one.includes(`/${place(file, number)},`));
      expect(own.join('\n')).toContain(`/${rule}`);
    },
  );
});
