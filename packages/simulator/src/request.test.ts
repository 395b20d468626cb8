import { describe, expect, it, onTestFinished } from 'vitest';
import { startHostile } from '../test/hostile.ts';
import { type GenerationName, LIBRARIES, type LibraryName, type SimulateOptions, simulate } from './index.ts';
import { askedUrl } from './libraries.ts';
import { placeOf } from './request.ts';

const K = 'Vn7jF7r23yswjfwMa7ZuMsdnuuUC9wC3';
const cellular = { idKind: 'imei', id: '868488076506128', projectKey: K } as const;
const facts = { ...cellular, firmwareName: 'fotademo_LuatOS-SoC_EC718P', version: '1001.1.0' } as const;
const model = { ...facts, model: 'Air780EP_A11' };
const who = `imei=868488076506128&project_key=${K}&firmware_name=fotademo_LuatOS-SoC_EC718P`;
const own = 'http://h.example:8080/xxx/upgrade';

/** Request targets as they were seen on the wire (luatos.md L3, L6, L11–L13). */
const TARGETS: ReadonlyArray<readonly [string, Partial<SimulateOptions> & { library: LibraryName }, string]> = [
  ['the platform', { library: 'libfota2-1.0' }, `/api/site/firmware_upgrade?${who}&version=1001.1.0`],
  ['its own URL', { library: 'libfota2-1.0', url: own }, `/xxx/upgrade?${who}&version=1001.1.0`],
  ['a URL that ends in ?', { library: 'libfota2-1.0', url: `${own}?` }, `/xxx/upgrade??${who}&version=1001.1.0`],
  [
    'a URL that has a query',
    { library: 'libfota2-1.0', url: 'http://h.example/a.bin?v=1' },
    `/a.bin?v=1?${who}&version=1001.1.0`,
  ],
  [
    'its own URL, with the options of the call before',
    { library: 'libfota2-1.0', url: own, call: 2 },
    `/xxx/upgrade?${who}&version=1001.1.0?${who}&version=1001.1.0`,
  ],
  [
    'the platform, from Wi-Fi',
    {
      library: 'libfota2-1.0',
      facts: { ...facts, idKind: 'mac', id: 'C81234567830', firmwareName: 'fotademo_LuatOS-SoC_Air8101' },
    },
    `/api/site/firmware_upgrade?imei=C81234567830&project_key=${K}&firmware_name=fotademo_LuatOS-SoC_Air8101&version=1001.1.0`,
  ],
  [
    'the platform, with its model',
    { library: 'libfota2-2024-11', facts: model },
    `/api/site/firmware_upgrade?${who}&version=1001.1.0&model=Air780EP_A11`,
  ],
  [
    'its own URL, the ? lost',
    { library: 'libfota2-2024-11', facts: model, url: own },
    `/xxx/upgrade${who}&version=1001.1.0&model=Air780EP_A11`,
  ],
  [
    'its own URL twice, the ? lost',
    { library: 'libfota2-2024-11', facts: model, url: own, call: 2 },
    `/xxx/upgrade${who}&version=1001.1.0&model=Air780EP_A11${who}&version=1001.1.0&model=Air780EP_A11`,
  ],
  [
    'the platform, from Wi-Fi',
    {
      library: 'libfota2-2025-02',
      facts: {
        idKind: 'mac',
        id: 'C81234567830',
        projectKey: K,
        firmwareName: 'fotademo_LuatOS-SoC_V1001_Air8101',
        version: '1.0.0',
      },
    },
    `/api/site/firmware_upgrade?mac=C81234567830&project_key=${K}&firmware_name=fotademo_LuatOS-SoC_V1001_Air8101&version=1.0.0`,
  ],
  [
    'the platform, from a bare MCU',
    {
      library: 'libfota2-2025-02',
      facts: {
        idKind: 'uid',
        id: '01020AFF',
        projectKey: K,
        firmwareName: 'fotademo_LuatOS-SoC_V1001_Air1601',
        version: '1.0.0',
      },
    },
    `/api/site/firmware_upgrade?uid=01020AFF&project_key=${K}&firmware_name=fotademo_LuatOS-SoC_V1001_Air1601&version=1.0.0`,
  ],
  ['its own URL, the ? lost', { library: 'libfota2-now', url: own }, `/xxx/upgrade${who}&version=1001.1.0`],
  [
    'its own URL once for all calls',
    { library: 'libfota2-now', url: own, call: 3 },
    `/xxx/upgrade${who}&version=1001.1.0`,
  ],
  [
    'the platform, with zeros in front',
    { library: 'libfota2-now', facts: { ...facts, version: '1001.001.000' } },
    `/api/site/firmware_upgrade?${who}&version=1001.001.000`,
  ],
  [
    'the platform, from an unknown model',
    { library: 'libfota2-now', facts: { ...facts, id: undefined } },
    `/api/site/firmware_upgrade?nil&project_key=${K}&firmware_name=fotademo_LuatOS-SoC_EC718P&version=1001.1.0`,
  ],
  ...(['libfota2-1.0', 'libfota2-2024-11', 'libfota2-2025-02', 'libfota2-now'] as const).map(
    (library) =>
      [
        'the platform, with nothing of its name encoded',
        { library, facts: { ...facts, firmwareName: '测试 项目&x=1#_LuatOS-SoC_EC718P' } },
        `/api/site/firmware_upgrade?imei=868488076506128&project_key=${K}&firmware_name=测试 项目&x=1#_LuatOS-SoC_EC718P&version=1001.1.0`,
      ] as const,
  ),
  [
    'the platform',
    {
      library: 'libfota',
      facts: {
        id: '861551056130107',
        projectKey: '3TNamWSWhGQKS7pXWyIjoBZWC4xFRMCU',
        firmwareName: 'fotademo_LuatOS-SoC_EC618',
        version: '1103.1.1',
      },
    },
    '/api/site/firmware_upgrade?project_key=3TNamWSWhGQKS7pXWyIjoBZWC4xFRMCU&imei=861551056130107&device_key=&firmware_name=fotademo_LuatOS-SoC_EC618&version=1103.1.1',
  ],
  [
    'the platform, the id last',
    { library: 'libfota-1.0', facts: { ...facts, idKind: 'mac', id: 'C81234567830' } },
    `/api/site/firmware_upgrade?project_key=${K}&firmware_name=fotademo_LuatOS-SoC_EC718P&version=1001.1.0&mac=C81234567830`,
  ],
  ['its own URL as it stands', { library: 'libfota-1.0', url: `${own}?version=1.2.3` }, '/xxx/upgrade?version=1.2.3'],
  ['its own URL as it stands', { library: 'libfota', url: `${own}?version=1.2.3` }, '/xxx/upgrade?version=1.2.3'],
  ['a URL behind ###', { library: 'libfota2-now', url: `###${own}?v=1` }, '/xxx/upgrade?v=1'],
  ['a URL without a path', { library: 'libfota2-now', url: 'http://h.example:8080?' }, '/'],
];

/** What a device sends to a server, byte for byte. */
async function sent(options: Partial<SimulateOptions> & Pick<SimulateOptions, 'generation'>): Promise<string> {
  const server = await startHostile((line) => line.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'));
  onTestFinished(() => server.close());
  const connectTo = { host: '127.0.0.1', port: server.port };
  const { requests, result } = await simulate({ mode: 'fota', facts, connectTo, ...options });
  expect(result).toBe(4);
  expect(requests).toEqual(server.heads);
  return server.heads.join();
}

describe('a request', () => {
  it.each(TARGETS)('of %s: %o', async (_what, options, target) => {
    const host = options.url === undefined ? 'iot.openluat.com:80' : /\/\/([^/?]+)/.exec(options.url)?.[1];
    const withPort = host?.includes(':') ? host : `${host}:80`;
    expect(await sent({ generation: 'now', ...options })).toBe(
      `GET ${target} HTTP/1.1\r\nConnection: Close\r\nHost: ${withPort}\r\n\r\n`,
    );
  });

  const url = 'http://h.example:8080/up?';
  const v1 = `${url}imei=1`;
  it.each<[GenerationName, string, string]>([
    ['2023-10', v1, 'Host: h.example\r\n'],
    ['2024-06', `###${v1}`, 'Host: h.example:8080\r\n'],
    ['2025-01', `###${v1}`, 'Host: h.example:8080\r\n'],
    ['2025-09', `###${v1}`, 'Host: h.example:8080\r\n'],
    ['2026-01', `###${v1}`, 'Connection: Close\r\nHost: h.example:8080\r\n'],
    ['2026-03', `###${v1}`, 'Connection: Close\r\nHost: h.example:8080\r\n'],
    ['now', `###${v1}`, 'Connection: Close\r\nHost: h.example:8080\r\n'],
  ])('of %s holds nothing but these headers', async (generation, asked, headers) => {
    expect(await sent({ generation, url: asked })).toBe(`GET /up?imei=1 HTTP/1.1\r\n${headers}\r\n`);
  });

  it.each<[GenerationName, LibraryName]>([
    ['2023-10', 'libfota'],
    ['2024-06', 'libfota2-1.0'],
    ['2025-01', 'libfota2-2024-11'],
    ['2025-09', 'libfota2-2025-02'],
    ['2026-01', 'libfota2-now'],
    ['2026-03', 'libfota2-now'],
    ['now', 'libfota2-now'],
  ])('of %s is written by %s, if the project brings no other', async (generation, library) => {
    const [line] = (await sent({ generation, facts: model })).split('\r\n');
    expect(line).toBe(`GET ${placeOf(askedUrl(LIBRARIES[library], model) ?? '')?.target} HTTP/1.1`);
  });

  it.each([1, 2, 3, 4, 5, 6])('goes out in %i pieces unchanged', async (headPieces) => {
    const named = { ...facts, firmwareName: '测试 项目' };
    const whole = await sent({ generation: 'now', facts: named });
    expect(await sent({ generation: 'now', facts: named, headPieces })).toBe(whole);
  });
});

describe('without a request', () => {
  it('a device that lacks a product key ends with 5, but behind ### it needs none', async () => {
    const keyless = { ...facts, projectKey: undefined };
    const outcome = await simulate({ generation: 'now', mode: 'dst', facts: keyless });
    expect(outcome).toMatchObject({ result: 5, requests: [] });
    expect(await sent({ generation: 'now', facts: keyless, url: `###${own}` })).toContain('GET /xxx/upgrade HTTP');
  });

  it('a URL that is none ends with 4', async () => {
    const outcome = await simulate({ generation: 'now', mode: 'dst', facts, url: 'ftp://h.example/' });
    expect(outcome).toMatchObject({ result: 4, requests: [] });
  });

  it('https is refused as not simulated', () => {
    expect(() => simulate({ generation: 'now', mode: 'dst', facts, url: 'https://h.example/' })).toThrow(RangeError);
  });
});
