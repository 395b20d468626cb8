import { describe, expect, it } from 'vitest';
import { OPAQUE, packageOf, projectOf, releaseOf } from '../../test/samples.ts';
import { checkPublication, judgePublication, type Wanted } from './publication.ts';

const project = projectOf();
const { sha256, size } = packageOf('new');
const wanted: Wanted = {
  project,
  projectKeysSha256: ['a'.repeat(64)],
  package: { sha256, size },
  fileName: '',
  inspection: OPAQUE,
  signed: undefined,
  firmwareName: 'app',
  version: '1.4.0',
  core: undefined,
  source: undefined,
  notes: '',
  despiteContradictions: false,
};
const LUATOS = '水表_2012.001.005_LuatOS-SoC_EC718P.bin';

describe('a publication', () => {
  it('takes from the file name what was not said, and binds it to the core', () => {
    const unsaid = { ...wanted, firmwareName: undefined, version: undefined, fileName: LUATOS };
    expect(checkPublication(unsaid).names).toMatchObject({
      firmwareName: '水表_LuatOS-SoC_EC718P',
      wireVersion: '2012.001.005',
    });
  });

  it.each([
    ['name-missing', { firmwareName: undefined }],
    ['version-missing', { version: undefined }],
    ['version-invalid', { version: 'latest' }],
    ['name-invalid', { firmwareName: 'a\tb' }],
    ['core-invalid', { core: 'twelve' }],
    ['core-invalid', { source: 'twelve' }],
    ['notes-too-long', { notes: 'x'.repeat(10_001) }],
    ['source-missing', { inspection: { ...OPAQUE, needsSourceCore: true } }],
    ['package-contradicts', { inspection: { ...OPAQUE, version: '001.000.009' } }],
    ['package-contradicts', { inspection: { ...OPAQUE, productKeySha256: 'b'.repeat(64) } }],
  ])('is refused as %s: %j', (code, change) => {
    expect(() => checkPublication({ ...wanted, ...change })).toThrow(expect.objectContaining({ code }));
  });

  it('goes on despite a contradiction that the operator has seen, and says it again', () => {
    const inspection = { ...OPAQUE, version: '001.000.009' };
    const { warnings } = checkPublication({ ...wanted, inspection, despiteContradictions: true });
    expect(warnings.join()).toContain('001.000.009');
  });

  it.each([
    ['by its name', { firmwareName: 'app_LuatOS-SoC_EC718P' }],
    ['by its content', { inspection: { ...OPAQUE, format: 'ec7xx' as const } }],
  ])('of LuatOS %s needs its core, unless devices tell the version as it is', (_how, change) => {
    const luatos = { ...wanted, ...change };
    expect(() => checkPublication(luatos)).toThrow(expect.objectContaining({ code: 'core-missing' }));
    expect(checkPublication({ ...luatos, core: 'V2012' }).names.wireVersion).toBe('2012.1.0');
    expect(checkPublication({ ...luatos, core: 'none' }).names.wireVersion).toBe('1.4.0');
    expect(checkPublication({ ...luatos, version: '2012.001.005' }).names.wireVersion).toBe('2012.001.005');
  });
});

describe('beside the releases that live', () => {
  const judged = (change: Partial<Wanted>, ...releases: Parameters<typeof judgePublication>[1]) =>
    judgePublication(checkPublication({ ...wanted, ...change }), releases);

  it('a version that nobody has is a new release, also where only a withdrawn one, another firmware or project has it', () => {
    const others = [
      releaseOf('1.4.0', { state: 'withdrawn' }),
      releaseOf('1.4.0', { firmwareName: 'other' }),
      releaseOf('1.4.0', { project: 'other' }),
    ];
    expect(judged({}, ...others)).toEqual({ kind: 'new-release' });
  });

  it('the same bytes under the same version are the same, however it is written', () => {
    const there = releaseOf('1.4.0', { packages: [packageOf('new')] });
    expect(judged({ version: '01.4' }, there)).toEqual({ kind: 'same', release: there });
  });

  it('other bytes under the same version are refused, with the next free one', () => {
    expect(() => judged({}, releaseOf('1.4.0'), releaseOf('1.4.1'))).toThrow(
      expect.objectContaining({ code: 'release-exists', facts: { nextFreeVersion: '1.4.2' } }),
    );
  });

  it('a package for another core joins the release', () => {
    const there = releaseOf('1.4.0', { packages: [packageOf('old', '2011')] });
    expect(judged({ source: 'V2012' }, there)).toEqual({ kind: 'another-source', release: there });
  });

  it('a version that is another on paper but the same on the wire is refused, with the next free one', () => {
    const live = releaseOf('1.0.5', { core: '2012' });
    expect(() => judged({ version: '1.1.5', core: 'V2012' }, live)).toThrow(
      expect.objectContaining({
        code: 'version-taken',
        message: expect.stringMatching(/2012\.1\.5 on the wire.*1\.0\.5.*1\.1\.6/),
        facts: { nextFreeVersion: '1.1.6' },
      }),
    );
    expect(judged({ version: '1.1.5', core: 'V2013' }, live)).toEqual({ kind: 'new-release' });
  });
});
