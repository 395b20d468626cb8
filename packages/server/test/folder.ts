import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What makes empty folders that go with the test: `const folder = folders(onTestFinished)`. */
export function folders(onTestFinished: (clean: () => Promise<void>) => void): () => Promise<string> {
  return async () => {
    const path = await mkdtemp(join(tmpdir(), 'fota server '));
    onTestFinished(() => rm(path, { recursive: true, force: true }));
    return path;
  };
}
