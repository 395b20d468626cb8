import { describe, expect, it } from 'vitest';
import { releaseOf } from '../../test/samples.ts';
import { toldBy } from './told.ts';

const onCore = [releaseOf('1.1.5', { core: '2013' }), releaseOf('1.0.4', { core: '2012' })];
const bare = [releaseOf('1.1.0')];

describe('the version that a device tells', () => {
  it('is as it goes on the wire, with its core before it', () => {
    expect(toldBy({ version: '2012.1.5' }, onCore)).toEqual({ version: '2012.1.5', core: '2012' });
    expect(toldBy({ version: '0012.001.005' }, bare)).toEqual({ version: '0012.001.005', core: '12' });
    expect(toldBy({ version: '1.4' }, bare)).toEqual({ version: '1.4', core: '1' });
    expect(toldBy({})).toEqual({ version: '', core: '' });
  });

  it.each(['2012', 'V2012', 'V02012'])('is put together with the core %s that is told apart', (core) => {
    expect(toldBy({ version: '001.000.005', core }, onCore)).toEqual({ version: '2012.001.005', core: '2012' });
    expect(toldBy({ version: '001.000.005', core })).toEqual({ version: '2012.001.005', core: '2012' });
  });

  it('stays as it is where the releases go without a core, which is known all the same', () => {
    expect(toldBy({ version: '1.0.5', core: '2012' }, bare)).toEqual({ version: '1.0.5', core: '2012' });
  });

  it('is that of the highest release’s core where it lacks one, of which nobody knows whether the device runs it', () => {
    expect(toldBy({ version: '1.0.5' }, onCore)).toEqual({ version: '2013.1.5', core: undefined });
  });

  it.each([
    ['a core that is none', { version: '1.4', core: 'x' }, onCore],
    ['a version that is not of three parts', { version: '1.4' }, onCore],
    ['a version that begins high', { version: '2024.1.5' }, onCore],
    ['releases of a core that does not look like one', { version: '1.0.5' }, [releaseOf('1.1.5', { core: '7' })]],
  ])('is left alone with %s', (_what, identity, published) => {
    expect(toldBy(identity, published).version).toBe(identity.version);
  });
});
