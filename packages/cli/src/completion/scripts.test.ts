import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tool } from '@libfota2/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fota } from '../../test/run.ts';
import { SCRIPTS } from './scripts.ts';

const bin = fileURLToPath(new URL('../../bin/fota.mjs', import.meta.url));
const found = (shell: string): boolean => tool(shell, `apt-get install ${shell}`) !== undefined;
const shells = { bash: found('bash'), zsh: found('zsh'), fish: found('fish') };

describe('the completion script', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'fota completion '));
    writeFileSync(join(dir, 'package.bin'), '');
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it.each(Object.keys(SCRIPTS))('for %s is what the command prints', async (shell) => {
    const { code, stdout } = await fota(['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toBe(SCRIPTS[shell as keyof typeof SCRIPTS]);
  });

  it.for(['bash', 'zsh', 'fish'] as const)('for %s is one that the shell can read', (shell, { skip }) => {
    if (!shells[shell]) return skip();
    const file = join(dir, `script.${shell}`);
    writeFileSync(file, SCRIPTS[shell]);
    expect(spawnSync(shell, ['-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  /** What bash would offer behind these words, as its completion does: `fota` is the one that was built. */
  function offered(...words: readonly string[]): string[] {
    const script = `fota() { "${process.execPath}" "${bin}" "$@"; }
${SCRIPTS.bash}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fota; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ['--norc', '-c', script, 'bash', 'fota', ...words];
    const told = execFileSync('bash', args, {
      cwd: dir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return told.split('\n').filter((line) => line !== '');
  }

  it.skipIf(!shells.bash)('completes commands, options, words and files in bash', () => {
    expect(offered('pu')).toEqual(['publish']);
    expect(offered('project', 'key', '')).toEqual(['rotate', 'revoke']);
    expect(offered('publish', '--despite')).toEqual(['--despite-contradictions']);
    expect(offered('release', 'list', '--state', 'd')).toEqual(['draft']);
    expect(offered('publish', 'pack')).toEqual(['package.bin']);
    expect(offered('nonsense', '')).toEqual([]);
  });
});
