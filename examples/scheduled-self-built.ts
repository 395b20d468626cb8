// Asks a server of one's own every four hours, first after four hours.
import { spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Callback, type RequestOptions, request, sys } from 'libfota2';

// The version that runs now comes from the environment, as LIBFOTA2_VERSION, or from configure({ version }).
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

sys.timerLoopStart(request, 4 * 3600 * 1000, onResult, opts);
