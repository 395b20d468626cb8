import { describe, expect, it } from 'vitest';
import { fota } from '../../test/run.ts';

const simulate = (...args: readonly string[]) => fota(['simulate', 'rollout', ...args], { cwd: '/nowhere' });

describe('fota simulate rollout', () => {
  it('tells what a rollout went through, the same for the same seed', async () => {
    const args = ['--devices', '1000', '--boot-fails', '1%', '--offline', '5%', '--seed', '7'];
    const { code, stdout } = await simulate(...args, '--expect', 'complete', '--expect', 'confirmed>=93%');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1000 devices, .*, seed 7: nobody would have got anything any more\.$/m);
    expect(stdout).toMatch(/wave 1 opens$/m);
    expect(stdout).toContain('met     confirmed>=93%');
    expect((await simulate(...args, '--expect', 'complete', '--expect', 'confirmed>=93%')).stdout).toBe(stdout);
  });

  it('ends with 1 where something else was expected, and says how many devices were hit before it paused', async () => {
    const { code, stdout } = await simulate('--devices', '1000', '--boot-fails', '30%', '--expect', 'complete');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^hit .* devices got on badly with the release, \d+ of them before it first paused$/m);
    expect(stdout).toContain('MISSED  complete  (paused)');
  });

  it('takes a list of devices, the hours of an operator, and what he does', async () => {
    const { code, stdout } = await simulate(
      ...['--devices', '200', '--waves', '50%,100%', '--soak', '2h', '--window', '00:00-06:00', '--time-zone', 'UTC'],
      ...['--at', '1h abort', '--json', '--expect', 'aborted', '--expect', 'confirmed=0'],
    );
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, state: 'aborted', offers: 0, devices: 200 });
    expect(code).toBe(0);
  });

  it('draws a curve on a terminal only', async () => {
    const onTerminal = await fota(['simulate', 'rollout', '--devices', '50'], { isTTY: true });
    expect(onTerminal.stdout).toContain('100 % │');
    expect((await simulate('--devices', '50')).stdout).not.toContain('│');
  });

  it('says what cannot be', async () => {
    const refused = async (...args: readonly string[]) => {
      const { code, stderr } = await simulate(...args);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await refused('--expect', 'joy')).toContain('It takes complete, paused');
    expect(await refused('--at', '2d dance')).toContain('It takes a span and pause');
    expect(await refused('--boot-fails', '70%', '--silent', '70%')).toContain('shares that are 1 together at most');
    expect(await refused('--release', '1', '--from-rollout', '1')).toContain('exclude each other');
  });
});
