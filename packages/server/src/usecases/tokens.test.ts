import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../test/folder.ts';
import { openDatabase } from '../adapters/sqlite/database.ts';
import { sqliteTokens, TOKEN_TABLE } from '../adapters/sqlite/tokens.ts';
import type { TokenStore } from '../ports.ts';
import { openTokens, type TokenPorts, type Tokens } from './tokens.ts';

const folder = folders(onTestFinished);

async function stored(): Promise<TokenStore> {
  const path = join(await folder(), 'fota.db');
  const database = await openDatabase(path, 0);
  onTestFinished(() => database.close());
  database.exec(TOKEN_TABLE);
  return sqliteTokens(database, path);
}

function opened(store: TokenStore, random: TokenPorts['random'] = randomBytes): Promise<Tokens> {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  return openTokens({ store, now: () => 7, random, sha256 });
}

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
    const { token, ...ci } = await tokens.create('ci');
    expect(ci).toEqual({ id: expect.stringMatching(/^[A-Za-z0-9]{8}$/), name: 'ci', createdAt: 7 });
    expect(tokens.holder(token)).toEqual(ci);
    const again = await opened(store);
    expect(again.holder(token)).toEqual(ci);
    expect(again.holder(`${token}x`)).toBeUndefined();
    await again.revoke(ci.id);
    expect(again.holder(token)).toBeUndefined();
    expect((await opened(store)).holder(token)).toBeUndefined();
    await expect(again.revoke(ci.id)).rejects.toMatchObject({ code: 'token-unknown' });
  });

  it('are kept and shown without their secret, and without its hash', async () => {
    const store = await stored();
    const tokens = await opened(store);
    const { token } = await tokens.create('ci');
    expect(JSON.stringify(await store.tokens())).not.toContain(token);
    expect(Object.keys(tokens.list()[0] ?? {})).toEqual(['id', 'name', 'createdAt']);
  });

  it('need a name that can be read', async () => {
    const tokens = await opened(await stored());
    for (const name of ['', ' ci', 'c\ni', 'x'.repeat(65)]) {
      await expect(tokens.create(name)).rejects.toMatchObject({ code: 'name-invalid' });
    }
    expect(tokens.list()).toEqual([]);
  });

  it('prefer no letter: bytes that would are thrown away', async () => {
    let call = 0;
    const tokens = await opened(await stored(), (bytes) => new Uint8Array(bytes).fill(call++ % 2 === 0 ? 255 : 247));
    expect((await tokens.create('ci')).token).toBe(`fota_${'9'.repeat(40)}`);
  });
});
