import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nodeFacts } from './facts.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the facts of a device (docs/protocol.md §2)', () => {
  it('come from what it was configured with, else from the environment', () => {
    for (const [name, value] of Object.entries({
      PROJECT: 'env',
      VERSION: '1.2.3',
      PRODUCT_KEY: 'k',
      CORE: 'V1',
      BSP: 'b',
      HARDWARE: 'rev-b',
    })) {
      vi.stubEnv(`LIBFOTA2_${name}`, value);
    }
    vi.stubEnv('LIBFOTA2_IMEI', '867');
    expect(nodeFacts({ project: 'given' })).toEqual({
      project: 'given',
      version: '1.2.3',
      productKey: 'k',
      core: 'V1',
      bsp: 'b',
      hardware: 'rev-b',
      idKind: 'imei',
      id: '867',
    });
    expect(nodeFacts({ imei: '868' })).toMatchObject({ idKind: 'imei', id: '868' });
  });

  it('take an empty variable for none', () => {
    vi.stubEnv('LIBFOTA2_VERSION', '');
    expect(nodeFacts({}).version).toBeUndefined();
  });

  it('name the device by a network card of this machine, else by its machine id', () => {
    const { idKind, id } = nodeFacts({});
    if (idKind === 'mac') {
      const macs = existsSync('/sys/class/net')
        ? readdirSync('/sys/class/net').map((card) => readFileSync(`/sys/class/net/${card}/address`, 'utf8').trim())
        : Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ mac }) => mac));
      expect(id).toMatch(/^[0-9A-F]{12}$/);
      expect(macs.map((mac) => mac.replaceAll(':', '').toUpperCase())).toContain(id);
    } else {
      expect(idKind).toBe('uid');
      if (existsSync('/etc/machine-id')) expect(id).toBe(readFileSync('/etc/machine-id', 'utf8').trim() || undefined);
    }
  });
});
