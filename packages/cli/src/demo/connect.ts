/** The lines by which a stranger connects a device of his own. */
import type { DeviceFile } from './device.ts';

/** Each kind of device with its lines, ready to be copied. A test runs them. */
export function connectLines(
  { url, project_key: key, imei }: DeviceFile,
  clone: string,
): ReadonlyArray<readonly [string, string[]]> {
  return [
    ['curl', [`curl -fo update.bin "${url}?imei=${imei}&project_key=${key}&firmware_name=station&version=1.0.0"`]],
    [
      'npm, for TypeScript',
      ['npm pack --workspace libfota2', `npm install "${clone}/libfota2-0.1.0.tgz"  # in a folder of your own`],
    ],
    [
      'TypeScript',
      [
        "import { request } from 'libfota2';",
        'request((result, outcome) => console.log(result, outcome.message), {',
        `  url: '${url}',`,
        `  project_key: '${key}',`,
        `  firmware_name: 'station', version: '1.0.0', imei: '${imei}',`,
        '});',
      ],
    ],
    [
      'Lua',
      [
        'libfota2 = require "libfota2"',
        'libfota2.request(function(result) log.info("fota", result) end, {',
        // LuatOS of today appends its parameters as they are: without the mark they would become part of the path.
        `  url = "${url}?",`,
        `  project_key = "${key}",`,
        `  firmware_name = "station", version = "1.0.0", imei = "${imei}",`,
        '})',
      ],
    ],
  ];
}
