// Asks the IoT platform, http://iot.openluat.com, for an upgrade of this device.
import { spawn } from 'node:child_process';
import { type Callback, configure, request } from 'libfota2';

// LuatOS' globals PROJECT and VERSION; its PRODUCT_KEY comes from the environment, as LIBFOTA2_PRODUCT_KEY.
configure({ project: 'GATEWAY', version: '001.000.005', core: 'V2012', bsp: 'EC718P' });

const onResult: Callback = (result, outcome) => {
  console.log(`fota result ${result}: ${outcome.message}`);
  // If there is something else to do, decide for yourself when to restart.
  if (result === 0) spawn('systemctl', ['reboot'], { stdio: 'inherit' });
};

request(onResult);
