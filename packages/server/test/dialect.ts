import { expect } from 'vitest';
import { type RawAnswer, values } from './raw.ts';

/** What every answer owes to devices (luatos.md L14–L17). */
export function expectDialect(answer: RawAnswer): void {
  expect(answer.headInOneRead).toBe(true);
  expect(Buffer.byteLength(answer.head)).toBeLessThan(500);
  expect(values(answer, 'connection')).toEqual(['close']);
  expect(values(answer, 'transfer-encoding')).toEqual([]);
  expect(answer.head.match(/^content-length/gim) ?? []).toHaveLength(answer.status === 304 ? 0 : 1);
  expect(answer.head).toMatch(/^HTTP\/1\.1 [2345]\d\d /);
}

export function expectRefusal(answer: RawAnswer, status: number, code: number): void {
  expectDialect(answer);
  expect(answer.status).toBe(status);
  expect(answer.body.toString('latin1')).toMatch(new RegExp(`^{"code": ${code}, "msg": "[ -~]+"}$`));
  expect(values(answer, 'content-length')).toEqual([String(answer.body.length)]);
}
