import { describe, expect, it } from 'vitest';
import { fakeTime } from '../../test/suites/world.ts';
import { FotaServerError } from '../domain/errors.ts';
import type { CertificateFiles } from '../ports/certificates.ts';
import { keepCertificates } from './certificates.ts';

const DAY = 86_400_000;

/** Files in memory: a name for each content, and whether it will do. */
function files(content: string, expiresAt = 1e15) {
  const world = { content, expiresAt, isRight: true, loads: 0 };
  const port: CertificateFiles = {
    state: async () => world.content,
    async load() {
      world.loads += 1;
      if (!world.isRight) throw new FotaServerError('tls-key-mismatch', `${world.content} does not fit`);
      return {
        credentials: { cert: world.content, key: 'key', passphrase: undefined, clientCa: undefined },
        certificate: { names: world.content, validFrom: 0, expiresAt: world.expiresAt, fingerprint: world.content },
      };
    },
  };
  return { world, port };
}

async function kept(content = 'first', expiresAt?: number) {
  const time = fakeTime();
  const { world, port } = files(content, expiresAt === undefined ? undefined : time.now() + expiresAt);
  const used: string[] = [];
  const problems: string[] = [];
  const keeper = await keepCertificates({
    files: port,
    use: ({ cert }) => used.push(cert),
    now: time.now,
    later: time.later,
    onProblem: (problem) => problems.push((problem as FotaServerError).code),
  });
  return { world, time, used, problems, keeper };
}

describe('a certificate', () => {
  it('that is replaced is used without a restart, and read only when it is', async () => {
    const { world, time, used, keeper } = await kept();
    await time.pass(60_000);
    expect({ used, loads: world.loads }).toEqual({ used: ['first'], loads: 1 });
    world.content = 'second';
    await time.pass(5_000);
    expect(used).toEqual(['first', 'second']);
    expect(keeper.certificate().names).toBe('second');
    keeper.close();
    world.content = 'third';
    await time.pass(60_000);
    expect(used).toEqual(['first', 'second']);
  });

  it('of which only one half came so far is waited for, and told of only once it stays so', async () => {
    const { world, time, used, problems } = await kept();
    Object.assign(world, { content: 'half', isRight: false });
    await time.pass(5_000);
    expect(problems).toEqual([]);
    Object.assign(world, { content: 'whole', isRight: true });
    await time.pass(5_000);
    expect({ used, problems }).toEqual({ used: ['first', 'whole'], problems: [] });

    Object.assign(world, { content: 'wrong', isRight: false });
    await time.pass(60_000);
    expect({ used, problems }).toEqual({ used: ['first', 'whole'], problems: ['tls-key-mismatch'] });
  });

  it('that is asked for at once is read at once, and what is wrong with it is told at once', async () => {
    const { world, used, problems, keeper } = await kept();
    await keeper.reload();
    expect(used).toEqual(['first', 'first']);
    Object.assign(world, { content: 'wrong', isRight: false });
    await keeper.reload();
    await keeper.reload();
    expect({ used, problems }).toEqual({
      used: ['first', 'first'],
      problems: ['tls-key-mismatch', 'tls-key-mismatch'],
    });
    expect(keeper.certificate().names).toBe('first');
  });

  it('that ends within 14 days is told of once a day, and its end too', async () => {
    const { time, problems } = await kept('short', 15.5 * DAY);
    await time.pass(DAY);
    expect(problems).toEqual([]);
    await time.pass(DAY);
    expect(problems).toEqual(['tls-certificate-expiring']);
    await time.pass(2 * DAY);
    expect(problems).toHaveLength(3);
    await time.pass(12 * DAY);
    expect(problems.at(-1)).toBe('tls-certificate-expired');
  });

  it('that has ended is told of at once, and one that replaces it ends that', async () => {
    const { world, time, problems } = await kept('old', -DAY);
    expect(problems).toEqual(['tls-certificate-expired']);
    Object.assign(world, { content: 'new', expiresAt: time.now() + 90 * DAY });
    await time.pass(3 * DAY);
    expect(problems).toEqual(['tls-certificate-expired']);
  });

  it('that is wrong at the start is refused', async () => {
    const { world, port } = files('x');
    world.isRight = false;
    const { now, later } = fakeTime();
    const parts = { files: port, use: () => undefined, now, later, onProblem: () => undefined };
    await expect(keepCertificates(parts)).rejects.toMatchObject({ code: 'tls-key-mismatch' });
  });
});
