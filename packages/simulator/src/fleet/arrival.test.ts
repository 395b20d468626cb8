import { describe, expect, it } from 'vitest';
import type { Heard } from '../hearing.ts';
import type { Run } from '../simulate.ts';
import { arrivalOf } from './arrival.ts';

const [ONE, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];

function heard(status: number, more: Partial<Heard> = {}): Heard {
  return { status, length: 9, sha256: ONE, etag: undefined, retryAfterMs: undefined, code: undefined, ...more };
}

function run(result: Run['result'], bytes: number, ...answers: ReadonlyArray<Heard | undefined>): Run {
  return {
    ...{ result, bytes, never: false, powerLost: false, requests: [], statusLines: [] },
    connections: answers.map((one) => ({ reached: true, heard: one, fault: undefined })),
  };
}

describe('what arrived', () => {
  it('is whole where it has the hash that was promised', () => {
    expect(arrivalOf(run(0, 9, heard(200)), ONE)).toEqual({ kind: 'whole', sha256: ONE, isVerified: true });
    const resumed = run(0, 9, heard(200), heard(206, { length: 4 }));
    expect(arrivalOf(resumed, ONE)).toMatchObject({ kind: 'whole', isVerified: true });
  });

  it('is whole by its length alone where no hash was promised', () => {
    const mute = heard(200, { sha256: undefined });
    expect(arrivalOf(run(0, 9, mute), OTHER)).toEqual({ kind: 'whole', sha256: OTHER, isVerified: false });
  });

  it('is spliced where it is as long as the promised, or longer, and something else', () => {
    expect(arrivalOf(run(0, 9, heard(200)), OTHER).kind).toBe('spliced');
    expect(arrivalOf(run(0, 15, heard(200), heard(200)), OTHER).kind).toBe('spliced');
    expect(arrivalOf(run(0, 15, heard(200, { sha256: undefined })), OTHER).kind).toBe('spliced');
  });

  it('is spliced where parts of two packages were promised, however long it is', () => {
    const mixed = run(0, 5, heard(200), heard(206, { sha256: OTHER, length: 2 }));
    expect(arrivalOf(mixed, 'c'.repeat(64)).kind).toBe('spliced');
  });

  it('is of no use where a part is missing, or a refusal came as 200', () => {
    expect(arrivalOf(run(0, 4, heard(200)), OTHER).kind).toBe('unusable');
    expect(arrivalOf(run(0, 9, heard(200, { code: 27, sha256: undefined })), OTHER).kind).toBe('unusable');
    expect(arrivalOf(run(0, 9, heard(200, { length: undefined, sha256: undefined })), OTHER).kind).toBe('unusable');
  });

  it('is a refusal where the server said no, and nothing where it was in trouble or could not be understood', () => {
    expect(arrivalOf(run(4, 0, heard(404, { code: 27 })), ONE).kind).toBe('refused');
    expect(arrivalOf(run(4, 0, heard(503)), ONE).kind).toBe('unheard');
    expect(arrivalOf(run(4, 0, heard(431)), ONE).kind).toBe('unheard');
    expect(arrivalOf(run(4, 0, heard(200)), ONE).kind).toBe('unheard');
    expect(arrivalOf(run(1, 0, undefined), ONE).kind).toBe('unheard');
  });

  it('is nothing to a device without power', () => {
    expect(arrivalOf({ ...run(undefined, 3, heard(200)), powerLost: true }, ONE).kind).toBe('power-lost');
  });
});
