// One upgrade through the public door: upgrade.js <url> <folder>
import { createFota } from 'libfota2';
import { report } from './status.ts';

const [url, dir] = process.argv.slice(2);
const outcome = await createFota({ dir }).upgrade({ url });
report({ sha256: outcome.kind === 'downloaded' ? outcome.sha256 : outcome.message });
