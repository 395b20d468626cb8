// `npm start`: sets the clone up, then shows the main job (`fota demo`).
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { explained, root, setup } from './setup.mjs';

await explained(async () => {
  setup('demo');
  const { demo } = await import(pathToFileURL(join(root, 'packages/cli/dist/demo/main.js')).href);
  process.exitCode = await demo(process.argv.slice(2), root);
});
