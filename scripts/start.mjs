// `npm start`: sets the clone up, then shows the main job (examples/demo).
import { explained, root, setup } from './setup.mjs';

await explained(async () => {
  setup('demo');
  const { main } = await import('../examples/dist/demo/main.js');
  process.exitCode = await main(process.argv.slice(2), root);
});
