// Asks a server of one's own: status 200 with the file as body is an upgrade, 300 and above is none.
import { spawn } from 'node:child_process';
import { type Callback, type RequestOptions, request } from 'libfota2';

// The version that runs now comes from the environment, as LIBFOTA2_VERSION, or from configure({ version }).
const opts: RequestOptions = { url: process.env['UPGRADE_URL'] ?? 'http://127.0.0.1:8080/upgrade' };

const onResult: Callback = (result, outcome) => {
  console.log(`fota result ${result}: ${outcome.message}`);
  // If there is something else to do, decide for yourself when to restart.
  if (result === 0) spawn('systemctl', ['reboot'], { stdio: 'inherit' });
};

request(onResult, opts);
