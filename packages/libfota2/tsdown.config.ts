import { defineConfig } from 'tsdown';

// One ES module build serves both kinds of consumer: Node ≥ 20.19 can require() it (docs/decisions/0002).
export default defineConfig({
  entry: { index: 'src/index.ts', core: 'src/core.ts', slots: 'src/slots.ts', agent: 'src/agent.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  dts: true,
  clean: true,
  fixedExtension: false,
  tsconfig: 'tsconfig.json',
  deps: { alwaysBundle: ['@libfota2/protocol', 'tar-stream', 'yauzl'] },
});
