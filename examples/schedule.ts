// Asks every night between half past three and four: a fleet's devices each at a moment of their own.
import { spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Callback, type RequestOptions, schedule } from 'libfota2';

const opts: RequestOptions = { url: process.env['UPGRADE_URL'] ?? 'http://127.0.0.1:8080/upgrade' };
// What the restart runs; the version that it tells then has to be the new one.
const application = process.env['APPLICATION'] ?? 'application.bin';

const onResult: Callback = (result, outcome) => {
  console.log(`fota result ${result}: ${outcome.message}`);
  if (outcome.kind !== 'downloaded') return;
  // Installs, all or nothing, even at a power cut. update.bin stays, so that nothing is sent twice.
  writeFileSync(`${application}.new`, readFileSync(outcome.file), { flush: true });
  renameSync(`${application}.new`, application);
  // If there is something else to do, decide for yourself when to restart.
  spawn('systemctl', ['reboot'], { stdio: 'inherit' });
};

const nightly = schedule(onResult, opts, { at: '03:30', jitter: '30m' });
process.once('SIGTERM', () => nightly.stop());
