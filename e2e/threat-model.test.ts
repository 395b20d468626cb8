import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Of all tests of the workspace. */
function testTexts(): string {
  const folders = ['packages', 'e2e', 'bench'].flatMap((name) =>
    readdirSync(join(root, name), { recursive: true, withFileTypes: true }),
  );
  return folders
    .filter((one) => one.isFile() && /\.test\.ts$/.test(one.name) && !/node_modules|dist/.test(one.parentPath))
    .map((one) => readFileSync(join(one.parentPath, one.name), 'utf8'))
    .join('\n');
}

it('each test that docs/threat-model.md names is there, word for word', () => {
  const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');
  const names = [...page.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name);
  const tests = testTexts();
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !tests.includes(name))).toEqual([]);
});
