// npm run bench: sets up and measures; see `npm run bench -- --help`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { explained, root, setup } from './setup.mjs';

await explained(async () => {
  setup();
  const { main } = await import(pathToFileURL(join(root, 'bench/dist/main.js')).href);
  process.exitCode = await main(process.argv.slice(2), root);
});
