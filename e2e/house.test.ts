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
  beforeAll(() => {
    house = mkdtempSync(join(tmpdir(), 'libfota2 house '));
    for (const file of ['biome.json', '.gitignore']) cpSync(join(root, file), join(house, file));
    symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
    spawnSync('git', ['init', '-q'], { cwd: house });
  });
  afterAll(() => rmSync(house, { recursive: true }));

  it.each(TRESPASSES)('%s must not have: %s', (file, line, rule) => {
    const path = join(house, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${line}\n`);
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
    const { stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', file], { cwd: house, encoding: 'utf8' });
    rmSync(path);
    expect(stdout + stderr).toContain(`/${rule}`);
  });
});
