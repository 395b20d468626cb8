import { describe, expect, it } from 'vitest';
import type { Inspection } from './inspection.ts';
import { contradictions, type Intention, propose } from './proposal.ts';

const opaque: Inspection = { format: 'opaque', kind: 'unknown', needsSourceCore: false, facts: [], warnings: [] };
const script: Inspection = { ...opaque, format: 'ec7xx', kind: 'script', project: 'demo', version: '001.000.005' };
const FILE = 'demo_2012.001.005_LuatOS-SoC_EC718PV.bin';

describe('a proposal', () => {
  it('joins content and file name', () => {
    expect(propose(script, FILE)).toEqual({
      firmwareName: { value: 'demo_LuatOS-SoC_EC718PV', from: 'content and file name' },
      version: { value: '2012.001.005', from: 'content and file name' },
      core: { value: '2012', from: 'file name' },
      sourceCore: { value: '2012', from: 'file name' },
    });
  });

  it.each([
    ['C:\\builds\\demo_2012.1.5_LuatOS-SoC_EC718PV.sota', 'demo_LuatOS-SoC_EC718PV', '2012.1.5'],
    ['out/智能_水表_2_2012.001.005_LuatOS-SoC_Air8101-1.bin', '智能_水表_2_LuatOS-SoC_Air8101', '2012.001.005'],
    ['a_1.2.3_2012.1.5_LuatOS-SoC_EC618 (2).bin', 'a_1.2.3_LuatOS-SoC_EC618', '2012.1.5'],
    ['demo_2012.1.5_LuatOS-SoC_EC618', 'demo_LuatOS-SoC_EC618', '2012.1.5'],
  ])('reads the file name %j', (fileName, firmwareName, version) => {
    expect(propose(opaque, fileName)).toMatchObject({
      firmwareName: { value: firmwareName, from: 'file name' },
      version: { value: version, from: 'file name' },
      core: { value: '2012', from: 'file name' },
      sourceCore: undefined,
    });
  });

  it.each([
    undefined,
    '',
    'firmware.bin',
    'demo_2012.1_LuatOS-SoC_EC618.bin',
    `${'a_'.repeat(200)}2012.1.5_LuatOS-SoC_x`,
  ])('makes nothing up out of the file name %j', (fileName) => {
    const nothing = { firmwareName: undefined, version: undefined, core: undefined, sourceCore: undefined };
    expect(propose(opaque, fileName)).toEqual(nothing);
    expect(propose(script, fileName)).toEqual(nothing);
  });

  it('believes the content where the file was renamed', () => {
    const found = propose({ ...script, project: 'meter', version: '002.000.001' }, FILE);
    expect(found.firmwareName?.value).toBe('meter_LuatOS-SoC_EC718PV');
    expect(found.version?.value).toBe('2012.002.001');
  });

  it('takes the cores that the package names, and no MD5 for a core', () => {
    const delta = { ...script, kind: 'script-and-core-delta', sourceCore: '2012', targetCore: '2013' } as const;
    expect(propose(delta, FILE)).toMatchObject({
      version: { value: '2013.001.005', from: 'content' },
      core: { value: '2013', from: 'content' },
      sourceCore: { value: '2012', from: 'content' },
    });
    expect(propose({ ...delta, sourceCore: 'ab'.repeat(16), targetCore: 'cd'.repeat(16) }, FILE)).toMatchObject({
      core: { value: '2012', from: 'file name' },
      sourceCore: undefined,
    });
  });

  it('takes a VERSION of another form as it is', () => {
    expect(propose({ ...script, version: '1.4' }, undefined).version).toEqual({ value: '1.4', from: 'content' });
  });
});

describe('contradictions', () => {
  const intention: Intention = {
    inspection: script,
    fileName: FILE,
    firmwareName: 'demo_LuatOS-SoC_EC718PV',
    version: '2012.001.005',
  };

  it.each<Partial<Intention>>([
    {},
    { core: 'V2012' },
    { version: '001.000.005', core: '2012' },
    { version: '1.0.5', core: '2012' },
    { version: '1.0.5', fileName: undefined },
    { version: '2012.1.5' },
    { fileName: undefined },
    { inspection: opaque },
    { inspection: opaque, fileName: undefined, firmwareName: 'anything', version: '9' },
    { firmwareName: 'a name of its own' },
    { projectKeysSha256: ['other'] },
  ])('there are none with %j', (change) => {
    expect(contradictions({ ...intention, ...change })).toEqual([]);
  });

  it.each<[change: Partial<Intention>, said: string[]]>([
    [
      { inspection: { ...script, project: 'meter' } },
      ['project "meter", and the firmware is called "demo_LuatOS', 'project "meter", and the file name says "demo"'],
    ],
    [
      { firmwareName: 'demo_LuatOS-SoC_EC618' },
      ['for EC716 or EC718, and the firmware is called', 'file name says firmware "demo_LuatOS-SoC_EC718PV"'],
    ],
    [
      { version: '2012.001.006' },
      ['VERSION 001.000.005, and the release is to be 2012.001.006', 'file name says version'],
    ],
    [{ version: '1.1.5', fileName: undefined }, ['VERSION 001.000.005, and the release is to be 1.1.5']],
    [{ core: '2013', version: '1.0.5' }, ['file name says version 2012.001.005, and the release is to be 2013.1.5']],
    [{ core: '2013', fileName: undefined }, ['VERSION 001.000.005, and the release is to be 2013.2012.005']],
    [
      { inspection: { ...script, version: '001.000.009' } },
      ['VERSION 001.000.009, and the release', 'VERSION 001.000.009, and the file name says version 2012.001.005'],
    ],
    [
      { inspection: { ...script, targetCore: '2014' }, core: '2012' },
      ['leads to core 2014, and the release is to be for core 2012'],
    ],
    [
      { inspection: { ...script, productKeySha256: 'mine' }, projectKeysSha256: ['other'] },
      ["The script's PRODUCT_KEY is no key of this project"],
    ],
  ])('of %j are told', (change, said) => {
    expect(contradictions({ ...intention, ...change })).toEqual(said.map((text) => expect.stringContaining(text)));
  });
});
