import { afterEach, expect, it, vi } from 'vitest';
import { tool } from './tools.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it('finds a program on the path', () => {
  expect(tool('node', 'you are running it')).toMatch(/node/);
});

it('warns loudly about a missing program, and how to get it', () => {
  vi.stubEnv('CI', undefined);
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  expect(tool('no-such-program', 'apt-get install it')).toBeUndefined();
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(/SKIPPED: no-such-program .* apt-get install it/));
});

it('fails under CI instead', () => {
  vi.stubEnv('CI', 'true');
  expect(() => tool('no-such-program', 'apt-get install it')).toThrow(/apt-get install it/);
});

it('runs no shell: a name is a name', () => {
  vi.stubEnv('CI', undefined);
  vi.spyOn(console, 'warn').mockReturnValue();
  expect(tool('node; true', '')).toBeUndefined();
});
