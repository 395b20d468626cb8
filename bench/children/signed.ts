// One upgrade of a device with a key ring, which lies beside its folder: signed.js <url> <folder>
import { readFileSync } from 'node:fs';
import { createFota } from 'libfota2';
import { report } from './status.ts';

const [url, dir] = process.argv.slice(2);
const trust = readFileSync(`${dir}/../key-ring.txt`, 'utf8');
const outcome = await createFota({ dir, trust, project: 'bench', version: '1.0.0' }).upgrade({ url });
report({ sha256: outcome.kind === 'downloaded' ? outcome.sha256 : outcome.message });
