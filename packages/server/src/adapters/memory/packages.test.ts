import { describe, it } from 'vitest';
import { testPackageStore } from '../../../test/suites/package-store.ts';
import { memoryPackages } from './packages.ts';

describe('a store of packages in memory', () =>
  testPackageStore(it, async () => {
    const kept = new Map<string, Uint8Array>();
    return {
      store: memoryPackages(kept),
      async spoil(sha256, bytes) {
        if (bytes === undefined) kept.delete(sha256);
        else kept.set(sha256, bytes);
      },
    };
  }));
