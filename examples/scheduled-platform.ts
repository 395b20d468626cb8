// Asks the IoT platform every four hours, first after four hours.
import { spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Callback, configure, request, sys } from 'libfota2';

// LuatOS' globals PROJECT and VERSION; its PRODUCT_KEY comes from the environment, as LIBFOTA2_PRODUCT_KEY.
configure({ project: 'GATEWAY', version: '001.000.005', core: 'V2012', bsp: 'EC718P' });
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

sys.timerLoopStart(request, 4 * 3600 * 1000, onResult);
