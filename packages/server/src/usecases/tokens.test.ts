import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../test/folder.ts';
import { openSchema } from '../adapters/sqlite/schema.ts';
import { sqliteTokens } from '../adapters/sqlite/tokens.ts';
import type { TokenStore } from '../ports/tokens.ts';
import { openTokens, type TokenPorts, type Tokens, type WantedToken } from './tokens.ts';

const folder = folders(onTestFinished);

async function stored(): Promise<TokenStore> {
  const path = join(await folder(), 'fota.db');
  const database = await openSchema(path);
  onTestFinished(() => database.close());
  return sqliteTokens(database, path);
}

function refusal(code: string): unknown {
  return expect.objectContaining({ code });
}

function opened(store: TokenStore, random: TokenPorts['random'] = randomBytes): Promise<Tokens> {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  return openTokens({
    store,
    now: () => clock.now,
    random,
    sha256,
    hasProject: (name) => name !== 'nowhere',
    onProblem: (problem) => {
      throw problem;
    },
  });
}

const CI: WantedToken = { name: 'ci', role: 'publisher', projects: ['p'] };
/** Set back before each. */
const clock = { now: 7 };
beforeEach(() => {
  clock.now = 7;
});

describe('tokens', () => {
  it('begin with one that is told once, and never again, also when all are revoked', async () => {
    const store = await stored();
    const tokens = await opened(store);
    const secret = await tokens.first();
    expect(secret).toMatch(/^fota_[A-Za-z0-9]{40}$/);
    expect(await tokens.first()).toBeUndefined();
    for (const { id } of tokens.list()) await tokens.revoke(id);
    expect(await (await opened(store)).first()).toBeUndefined();
  });

  it('let their holder in until they are revoked, after a restart too', async () => {
    const store = await stored();
    const tokens = await opened(store);
    const { token, ...ci } = await tokens.create(CI);
    expect(ci).toMatchObject({ ...CI, id: expect.stringMatching(/^[A-Za-z0-9]{8}$/), createdAt: 7 });
    const principal = { ...CI, kind: 'token', id: ci.id };
    expect(tokens.principal(token)).toEqual(principal);
    const again = await opened(store);
    expect(again.principal(token)).toEqual(principal);
    expect(() => again.principal(`${token}x`)).toThrow(refusal('token-invalid'));
    await again.revoke(ci.id);
    expect(() => again.principal(token)).toThrow(refusal('token-invalid'));
    const later = await opened(store);
    expect(() => later.principal(token)).toThrow(refusal('token-invalid'));
    await expect(again.revoke(ci.id)).rejects.toMatchObject({ code: 'token-unknown' });
  });

  it('let nobody in from the moment of their end on, and stay in the list', async () => {
    const tokens = await opened(await stored());
    await expect(tokens.create({ ...CI, expiresAt: 7 })).rejects.toMatchObject({ code: 'expiry-invalid' });
    await expect(tokens.create({ ...CI, expiresAt: Number.NaN })).rejects.toMatchObject({ code: 'expiry-invalid' });
    const { token } = await tokens.create({ ...CI, expiresAt: 8 });
    expect(tokens.principal(token)).toMatchObject({ name: 'ci' });
    clock.now = 8;
    expect(() => tokens.principal(token)).toThrow(refusal('token-expired'));
    expect(tokens.list()).toMatchObject([{ name: 'ci', expiresAt: 8 }]);
  });

  it('note when they were used, not more often than every five minutes', async () => {
    const store = await stored();
    const uses: number[] = [];
    const tokens = await opened({
      ...store,
      used: async (id, at) => store.used(id, at).then(() => void uses.push(at)),
    });
    const { token } = await tokens.create(CI);
    for (const at of [7, 8, 299_000, 300_007, 300_008, 3]) {
      clock.now = at;
      tokens.principal(token);
    }
    await Promise.resolve();
    expect(uses).toEqual([7, 300_007, 3]);
    expect((await opened(store)).list()).toMatchObject([{ lastUsedAt: 3 }]);
  });

  it('are for projects that there are, or for all', async () => {
    const tokens = await opened(await stored());
    const wanting = (projects: WantedToken['projects']): Promise<unknown> => tokens.create({ ...CI, projects });
    await expect(wanting([])).rejects.toMatchObject({ code: 'grant-invalid' });
    await expect(wanting(Array.from({ length: 101 }, (_, n) => `p${n}`))).rejects.toMatchObject({
      code: 'grant-invalid',
    });
    await expect(wanting(['p', 'nowhere'])).rejects.toMatchObject({ code: 'project-unknown' });
    expect(await wanting(['p', 'q', 'p'])).toMatchObject({ projects: ['p', 'q'] });
    expect(await wanting('all')).toMatchObject({ projects: 'all' });
  });

  it('are kept and shown without their secret, and without its hash', async () => {
    const store = await stored();
    const tokens = await opened(store);
    const { token } = await tokens.create(CI);
    expect(JSON.stringify(await store.tokens())).not.toContain(token);
    const shown = ['id', 'name', 'role', 'projects', 'createdAt', 'expiresAt', 'lastUsedAt'];
    expect(Object.keys(tokens.list()[0] ?? {}).sort()).toEqual(shown.sort());
  });

  it('need a name that can be read', async () => {
    const tokens = await opened(await stored());
    for (const name of ['', ' ci', 'c\ni', 'x'.repeat(65)]) {
      await expect(tokens.create({ ...CI, name })).rejects.toMatchObject({ code: 'name-invalid' });
    }
    expect(tokens.list()).toEqual([]);
  });

  it('prefer no letter: bytes that would are thrown away', async () => {
    let call = 0;
    const tokens = await opened(await stored(), (bytes) => new Uint8Array(bytes).fill(call++ % 2 === 0 ? 255 : 247));
    expect((await tokens.create(CI)).token).toBe(`fota_${'9'.repeat(40)}`);
  });
});
