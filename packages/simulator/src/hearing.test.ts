import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { head } from '../test/hostile.ts';
import { createEar } from './hearing.ts';

const SHA = 'ab'.repeat(32);

/** What is heard of an answer that comes at once. */
function heard(...bytes: readonly Uint8Array[]) {
  const ear = createEar();
  ear.hear(Buffer.concat(bytes));
  return ear.heard();
}

describe('who listens in', () => {
  it('hears the hash of a package, by either header, and no other validator for one', () => {
    const digest = `Repr-Digest: sha-256=:${Buffer.from(SHA, 'hex').toString('base64')}:`;
    expect(heard(head('200 OK', 'Content-Length: 9', digest))?.sha256).toBe(SHA);
    expect(heard(head('200 OK', 'Content-Length: 9', `ETag: "${SHA}"`))).toMatchObject({
      ...{ status: 200, length: 9, sha256: SHA, etag: `"${SHA}"` },
    });
    expect(heard(head('200 OK', `ETag: W/"${SHA}"`))).toMatchObject({ sha256: undefined, etag: undefined });
    expect(heard(head('200 OK', 'ETag: "v1"'))).toMatchObject({ sha256: undefined, etag: '"v1"' });
  });

  it('hears the code of a refusal, and when to come again', () => {
    const refused = heard(
      head('404 Not Found', 'Content-Length: 26', 'Retry-After: 30'),
      Buffer.from('{"code": 27, "msg": "old"}'),
    );
    expect(refused).toMatchObject({ status: 404, code: 27, retryAfterMs: 30_000 });
    expect(heard(head('404 Not Found', 'Content-Length: 2'), Buffer.from('no'))?.code).toBeUndefined();
  });

  it('hears a refusal that comes as 200, too', () => {
    expect(heard(head('200 OK', 'Content-Length: 11'), Buffer.from('{"code":27}'))?.code).toBe(27);
  });

  it('hears nothing in what is no answer', () => {
    expect(heard(Buffer.from('SSH-2.0-OpenSSH_9\r\n\r\n'))).toBeUndefined();
    expect(heard(Buffer.alloc(9_000, 'x'))).toBeUndefined();
  });

  it('hears the same however it comes, and where the body begins', () => {
    const body = Buffer.from('{"code": 40, "msg": "loop"}');
    const start = head('403 Forbidden', `Content-Length: ${body.length}`);
    const all = Buffer.concat([start, body]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sizes) => {
        const ear = createEar();
        const begins: number[] = [];
        for (let at = 0, turn = 0; at < all.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          const bodyAt = ear.hear(all.subarray(at, at + size));
          if (bodyAt !== undefined) begins.push(at + bodyAt);
          at += size;
        }
        expect(begins).toEqual([start.length]);
        expect(ear.heard()).toMatchObject({ status: 403, code: 40 });
      }),
    );
  });
});
