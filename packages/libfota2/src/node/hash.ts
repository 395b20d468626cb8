import { createHash } from 'node:crypto';
import type { Ports } from '../core.ts';

export const nodeHash: Ports['hash'] = (algorithm) => {
  const hash = createHash(algorithm.replace('-', ''));
  return {
    update: (bytes) => void hash.update(bytes),
    base64: () => hash.copy().digest('base64'),
  };
};
