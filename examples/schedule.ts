// Asks every night between half past three and four: a fleet's devices each at a moment of their own. And once now.
import { spawn } from 'node:child_process';
import { type Callback, type RequestOptions, schedule } from 'libfota2';

const opts: RequestOptions = { url: process.env['UPGRADE_URL'] ?? 'http://127.0.0.1:8080/upgrade' };

const onResult: Callback = (result, outcome) => {
  console.log(`fota result ${result}: ${outcome.message}`);
  if (result === 0) spawn('systemctl', ['reboot'], { stdio: 'inherit' });
};

const nightly = schedule(onResult, opts, { at: '03:30', jitter: '30m', runNow: true });
process.once('SIGTERM', () => nightly.stop());
