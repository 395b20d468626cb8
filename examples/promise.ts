// The same upgrade as a promise: with progress, a digest that you trust, and Ctrl-C.
import { upgrade } from 'libfota2';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort(new Error('interrupted')));

const outcome = await upgrade({
  url: process.env['UPGRADE_URL'] ?? 'http://127.0.0.1:8080/upgrade',
  expectedSha256: process.env['UPGRADE_SHA256'],
  signal: interrupt.signal,
  onProgress: ({ bytes, total }) => process.stderr.write(`\r${bytes} of ${total ?? '?'} bytes`),
});
if (outcome.kind === 'downloaded') console.log(`\n${outcome.file}: ${outcome.sha256}`);
else console.log(`\n${outcome.code}: ${outcome.message}`);
