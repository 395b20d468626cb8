import { describe, expect, it } from 'vitest';
import { fota } from '../../test/run.ts';

/** What the shell is offered for these words, the last one under the cursor. */
async function offered(...words: readonly string[]): Promise<string[]> {
  const { stdout } = await fota(['__complete', '--', ...words], { cwd: '/nowhere' });
  return stdout.split('\n').filter((line) => line !== '');
}

async function words(...typed: readonly string[]): Promise<string[]> {
  return (await offered(...typed)).map((line) => line.split('\t', 1)[0] ?? '');
}

describe('what fits where the cursor is', () => {
  it('are the commands at the beginning, each with what it does', async () => {
    expect(await offered('rel')).toEqual(['release\tshow, publish and withdraw releases, make them floors']);
    expect(await words('')).toContain('serve');
    expect(await words('')).not.toContain('__complete');
  });

  it('are the commands of a group, also of one in another', async () => {
    expect(await words('project', '')).toEqual(['create', 'list', 'show', 'set', 'trust', 'key']);
    expect(await words('project', 'key', 'r')).toEqual(['rotate', 'revoke']);
  });

  it('are the options of the command after a dash', async () => {
    expect(await words('publish', '--dr')).toEqual(['--draft']);
    expect(await words('publish', 'a.bin', '--despite')).toEqual(['--despite-contradictions']);
  });

  it('are the words that an option or an argument takes', async () => {
    expect(await words('release', 'list', '--state', '')).toEqual(['draft', 'published', 'withdrawn']);
    expect(await words('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('are files where a file is wanted, folders where a folder is', async () => {
    expect(await offered('publish', '')).toEqual([':files']);
    expect(await offered('publish', '--notes', 'x', '')).toEqual([':files']);
    expect(await offered('serve', '--data', '')).toEqual([':dirs']);
    expect(await offered('sign', 'app.bin', '--key', '')).toEqual([':files']);
    expect(await offered('keys', 'rotate', 'a.ring', '--add-ring', '')).toEqual([':files']);
    expect(await offered('keys', 'show', 'a.ring', '')).toEqual([':files']);
    expect(await offered('keys', 'new', '--dir', '')).toEqual([':dirs']);
    expect(await offered('project', 'create', 'x', '--key', '')).toEqual([]);
  });

  it('is nothing after nonsense, or where nothing is wanted any more', async () => {
    expect(await offered('publish', '--notes', '')).toEqual([]);
    expect(await offered('inspect', 'a.bin', '')).toEqual([]);
    expect(await offered('nonsense', 'x', '--y')).toEqual([]);
    // Names are a server's to know, and none runs.
    expect(await offered('project', 'show', '')).toEqual([]);
  });
});
