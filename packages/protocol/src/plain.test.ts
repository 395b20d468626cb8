import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePlainTarget, parseReportTarget, parseSignatureTarget, plainTarget } from './plain.ts';

describe('a target of the plain contract', () => {
  it('tells who asks for what, whatever characters it holds', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(text, text, text, text, (projectKey, firmwareName, id, version) => {
        const identity = { idKind: 'uid', id, projectKey, firmwareName, version } as const;
        expect(parsePlainTarget(plainTarget(identity))).toEqual(identity);
      }),
    );
  });

  it('is read as it stands where its encoding is not valid, and a plus is a plus', () => {
    expect(parsePlainTarget('/d/k/100%+?id=a%&version=1&id=b')).toEqual({
      idKind: 'uid',
      id: 'a%',
      projectKey: 'k',
      firmwareName: '100%+',
      version: '1',
    });
  });

  it('lets a client name itself as LuatOS devices do, and passes over what it says twice', () => {
    expect(parsePlainTarget('/d/k/f?imei=867&project_key=x&firmware_name=y&version=1')).toEqual({
      idKind: 'imei',
      id: '867',
      projectKey: 'k',
      firmwareName: 'f',
      version: '1',
    });
  });

  it.each(['/upgrade?id=1', '/d', '/D/k/f', '/d/k/f/g?id=1'])('is not %s', (target) => {
    expect(parsePlainTarget(target)).toBeUndefined();
  });

  it('may lack anything', () => {
    fc.assert(fc.property(fc.string(), (rest) => void parsePlainTarget(`/d/${rest}`)));
    expect(parsePlainTarget('/d/')).toMatchObject({ projectKey: '', firmwareName: undefined, id: undefined });
  });
});

describe('a target at which a signature is', () => {
  it('tells the package, as far as it does', () => {
    const asked = { projectKey: 'k', firmwareName: 'f/g', sha256: 'ab' };
    expect(parseSignatureTarget('/d/k/f%2Fg/signature?sha256=ab&sha256=c')).toEqual(asked);
    expect(parseSignatureTarget('/d/k/f/signature')).toEqual({ projectKey: 'k', firmwareName: 'f', sha256: '' });
  });

  it.each(['/d/k/f', '/d/k/signature', '/d/k/f/signatures', '/d/k/f/signature/x', '/signature?sha256=ab'])(
    'is not %s',
    (target) => {
      expect(parseSignatureTarget(target)).toBeUndefined();
    },
  );
});

describe('a target to report to', () => {
  it('tells whose report it is, as far as the target says', () => {
    expect(parseReportTarget('/d/k/f%2Fg/report?imei=867&version=1')).toEqual({
      idKind: 'imei',
      id: '867',
      projectKey: 'k',
      firmwareName: 'f/g',
      version: '1',
    });
    expect(parseReportTarget('/d/k/f/report')).toMatchObject({ id: undefined, version: undefined });
  });

  it.each(['/d/k/f', '/d/k/report', '/d/k/f/reports', '/d/k/f/report/', '/d/k/f/report/x', '/report'])(
    'is not %s',
    (target) => {
      expect(parseReportTarget(target)).toBeUndefined();
    },
  );

  it('is no question, and a question is none', () => {
    expect(parsePlainTarget('/d/k/f/report?id=1')).toBeUndefined();
    // A firmware may be called so.
    expect(parsePlainTarget('/d/k/report?id=1')).toMatchObject({ firmwareName: 'report' });
  });
});
