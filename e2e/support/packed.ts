import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './programs.ts';

export const root: string = fileURLToPath(new URL('../../', import.meta.url));

/** npm as it is on a machine without a network. */
export const quietNpm: Readonly<Record<string, string>> = {
  npm_config_offline: 'true',
  npm_config_update_notifier: 'false',
};

/** What `npm pack` made of the library. */
export interface Packed {
  /** Path of the tarball. */
  readonly tarball: string;
  /** Paths of the files in it. */
  readonly files: readonly string[];
}

interface PackReport {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/**
 * Runs `npm pack` as the README does, but without its build: `npm test` has built already, and a test that builds would
 * pull the ground from under the others.
 */
export async function pack(into: string): Promise<Packed> {
  await mkdir(into, { recursive: true });
  const args = [
    'pack',
    '--workspace',
    'libfota2',
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    into,
  ];
  const told = await run('npm', args, { cwd: root, env: { ...quietNpm, HOME: into } });
  const [report] = JSON.parse(told) as readonly PackReport[];
  if (report === undefined) throw new Error(`npm pack told nothing: ${told}`);
  return { tarball: join(into, report.filename), files: report.files.map(({ path }) => path) };
}

/** Installs the tarball in an empty folder with no network and no scripts. */
export async function install(tarball: string, into: string): Promise<void> {
  await mkdir(into, { recursive: true });
  await writeFile(join(into, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', tarball];
  await run('npm', args, { cwd: into, env: quietNpm });
}

/** Compiles files of `dir` as strictly as this workspace compiles its own, declarations of packages included. */
export async function typecheck(dir: string, files: readonly string[], options: object): Promise<void> {
  const strict = {
    target: 'ES2023',
    lib: ['ES2023'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    noEmit: true,
  };
  const config = { compilerOptions: { ...strict, ...options }, files };
  await writeFile(join(dir, 'tsconfig.json'), JSON.stringify(config));
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', dir], { cwd: dir });
}
