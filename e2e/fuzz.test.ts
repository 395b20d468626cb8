import { makeImage } from '@libfota2/testkit';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { proof } from './support/proof.ts';
import { exactAnswer, PROJECT_KEY, type Served, serve, talk } from './support/served.ts';

const prove = process.env['PROVE'] !== undefined;
const ROUNDS = prove ? 30 : 4;
const REQUESTS_A_ROUND = prove ? 2_000 : 500;
const AT_A_TIME = 64;
const SEED = prove ? Date.now() % 2 ** 32 : 20_261;
/** What the heap may grow by after the second round: a KiB a request in the short run, some fifty bytes in the long one. */
const GROWTH_BYTES = (prove ? 3 : 1) * 1024 ** 2;

const SIZES = [3_000, 20_000];
const packages = SIZES.map((size, n) => makeImage(n, size));
const LIMITS = { headBytes: 2_048, bodyBytes: 4_096, headTimeoutMs: 500, idleTimeoutMs: 2_500 };

const ASKS = `imei=868488076506128&project_key=${PROJECT_KEY}&firmware_name=app&version=1.0.0`;
/** Targets as devices of all generations, other programs and strangers write them. */
const TARGETS = [
  `/api/site/firmware_upgrade?${ASKS}`,
  `/upgrade?${ASKS}`,
  `/upgrade??${ASKS}`,
  `/upgrade?a=1?${ASKS}`,
  `/upgrade${ASKS}`,
  `/upgrade?${ASKS}?${ASKS}`,
  `/upgrade?${ASKS}&model=Air780EP_A11&need_oss_url=1`,
  `/upgrade?project_key=${PROJECT_KEY}&firmware_name=测试 项目&x=1#"%+_LuatOS-SoC_EC718P&version=2026.001.000&imei=1`,
  `/upgrade?nil&project_key=${PROJECT_KEY}`,
  `/upgrade?mac=C81234567830&project_key=nobody&firmware_name=%E6%B5%8B%zz%&version=%00`,
  '/upgrade?version=1.0.0',
  `/d/${PROJECT_KEY}/app?id=1&version=1.0.0`,
  `http://h:1/upgrade?${ASKS}`,
  '/',
  '*',
  'h:443',
  '//',
  '/../../etc/passwd',
  '/upgrade?'.padEnd(1_900, 'imei=1&'),
  '/upgrade?imei='.padEnd(5_000, 'x'),
];
const METHODS = ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'PRI', 'X'];
const VERSIONS = ['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'http/1.1', 'HTTP/1.10', ''];
const HEADERS = [
  'Host: h:1',
  'Host: h',
  'Connection: Close',
  'Connection: keep-alive',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Expect: wonders',
  'Range: bytes=0-',
  'Range: bytes=7-99',
  'Range: bytes=2999-',
  'Range: bytes=-1',
  'Range: bytes=99999999999999999999-',
  'Range: bytes=1-2,4-5',
  'If-Range: "x"',
  'If-None-Match: *',
  'If-None-Match: W/"x", "y"',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: 5000',
  'Content-Length: 99999999999999999999',
  'Content-Length: -1',
  'Content-Length: 5, 5',
  'Content-Length : 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: x',
  'Trailer: x',
  'Folded: a\r\n b\r\n\tc',
  'Nul: a\0b',
  'Control: a\x07b',
  'Bare-CR: a\rb',
  'Bare-LF: a\nb',
  ': nameless',
  'no colon',
  ' leading: blank',
  'Raw: 测试\xff',
  `Long: ${'x'.repeat(3_000)}`,
  ...Array.from({ length: 3 }, (_, n) => `Many-${n}: ${'y'.repeat(200)}`),
];
const BODIES = [
  '',
  '',
  'hello',
  '{"a":1}',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;ext="x"\r\nhello\r\n0\r\nTrailer: x\r\n\r\n',
  'FFFFFFFFFFFFFFFFF\r\n',
  '-1\r\n',
  'zz\r\n',
  '5\r\nhel',
  'x'.repeat(4_097),
  `1001\r\n${'x'.repeat(4_097)}\r\n0\r\n\r\n`,
];
const ELSE = [
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
  '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
  `GET /upgrade?${ASKS}\r\n`,
  `GET /upgrade?${ASKS}\r\n\r\n`,
  `GET /upgrade?${ASKS}\n\n`,
  `\r\n\r\nGET /upgrade?${ASKS} HTTP/1.1\r\n\r\n`,
  'SSH-2.0-x\r\n',
  '\x04\x01\0\x50\x7f\0\0\x01\0',
  '\r\n'.repeat(2_000),
  'GET ',
  'G',
  'GET / HTTP/1.1\r\n'.padEnd(60_000, 'a: b\r\n'),
  'A'.repeat(70_000),
];
/** What is put into a request to spoil it. */
const SPOILERS = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\r\n ',
  '\t',
  '%',
  '\xff',
  ':',
  ' HTTP/1.1\r\n',
  '\r\n\r\n',
  'Content-Length: 3\r\n',
];

function mostly(usual: string, others: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...others) });
}

const request = fc
  .record({
    method: mostly('GET', METHODS),
    target: fc.constantFrom(...TARGETS),
    version: mostly('HTTP/1.1', VERSIONS),
    headers: fc.array(fc.constantFrom(...HEADERS), { maxLength: 3 }),
    body: fc.constantFrom(...BODIES),
  })
  .map(({ method, target, version, headers, body }) =>
    Buffer.from(`${[`${method} ${target} ${version}`, ...headers].join('\r\n')}\r\n\r\n${body}`),
  );

/** Likely to be answered with a package. */
const good = fc
  .record({
    target: fc.constantFrom(...TARGETS.slice(0, 7)),
    range: fc.constantFrom([], ['Range: bytes=0-'], ['Range: bytes=1000-'], ['Range: bytes=99999-']),
  })
  .map(({ target, range }) =>
    Buffer.from(['GET ', target, ' HTTP/1.1\r\n', ...range.map((one) => `${one}\r\n`), '\r\n'].join('')),
  );

const one = fc.oneof(
  { weight: 6, arbitrary: request },
  { weight: 3, arbitrary: good },
  { weight: 2, arbitrary: fc.constantFrom(...ELSE).map((text) => Buffer.from(text, 'latin1')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)) },
);

/** A place, in parts of the whole. */
const part = fc.nat(9_999).map((n) => n / 10_000);

const change = fc.record({
  kind: fc.constantFrom('flip', 'put', 'drop', 'double', 'cut'),
  at: part,
  byte: fc.nat(255),
  spoiler: fc.constantFrom(...SPOILERS),
});

function changed(
  bytes: Buffer,
  { kind, at, byte, spoiler }: typeof change extends fc.Arbitrary<infer T> ? T : never,
): Buffer {
  const place = Math.floor(at * bytes.length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  if (kind === 'flip') return Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
  if (kind === 'put') return Buffer.concat([before, Buffer.from(spoiler, 'latin1'), after]);
  if (kind === 'drop') return Buffer.concat([before, after.subarray(1 + (byte % 16))]);
  if (kind === 'double') return Buffer.concat([before, after.subarray(0, byte), after]);
  return before;
}

/** What one client sends, in which pieces. */
const script = fc
  .record({
    requests: fc.array(one, { minLength: 1, maxLength: 3 }),
    changes: fc.array(change, { maxLength: 3 }),
    cuts: fc.array(part, { maxLength: 5 }),
    closes: fc.boolean(),
  })
  .map(({ requests, changes, cuts, closes }) => {
    // Often one request, sometimes pipelined ones.
    const bytes = changes.reduce<Buffer>(changed, Buffer.concat(requests));
    const places = [0, ...cuts.map((at) => Math.floor(at * bytes.length)).sort((a, b) => a - b), bytes.length];
    const pieces = places.slice(1).map((end, n) => bytes.subarray(places[n], end));
    return { bytes, pieces: pieces.filter((piece) => piece.length > 0), closes };
  });
type Script = typeof script extends fc.Arbitrary<infer T> ? T : never;

/** Nothing was asked: empty lines before a request are to be passed over, and need no answer. */
function asksNothing(bytes: Buffer): boolean {
  return /^[\r\n]*$/.test(bytes.toString('latin1'));
}

const NOTHING = 0;
const UNHEARD = 1;
const NAMES: Readonly<Record<number, string>> = { [NOTHING]: 'nothing', [UNHEARD]: 'unheard' };

/** Resolves to the status of the answer. */
async function play(served: Served, { bytes, pieces, closes }: Script): Promise<number> {
  const { bytes: heard, end } = await talk(served.port, pieces, { closes });
  expect(end).not.toBe('open');
  if (heard.length === 0 && asksNothing(bytes)) return NOTHING;
  // Who is still sending more than one request when the answer ends the connection may miss it: so is TCP.
  if (end === 'unheard') return UNHEARD;
  const { status, headers, body } = exactAnswer(heard);
  expect(status).toBeLessThan(500);
  const length = Number(headers.get('content-length') ?? 0);
  const isHead = /^[\r\n]*HEAD /.test(bytes.toString('latin1'));
  expect(body.length).toBe(isHead ? 0 : length);
  if ((status === 200 || status === 206) && !isHead) {
    const [, first = '0', size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
    const whole = packages.find((one) => one.length === Number(size ?? body.length));
    expect(whole && body.equals(whole.subarray(Number(first), Number(first) + length))).toBe(true);
  }
  return status;
}

/** Plays all of them, many at a time, and returns the first that went wrong. */
async function firstWrong(
  served: Served,
  scripts: readonly Script[],
  statuses: Map<number, number>,
): Promise<{ readonly script: Script; readonly why: unknown } | undefined> {
  const waiting = scripts.values();
  let wrong: { readonly script: Script; readonly why: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (const next of waiting) {
      if (wrong !== undefined) return;
      const status = await play(served, next).catch((why: unknown) => {
        wrong ??= { script: next, why };
        return -1;
      });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return wrong;
}

describe('a server that anybody may send anything', () => {
  it(
    'answers in one dialect, never with 5xx, closes always, and keeps its memory',
    async () => {
      const served = await serve(onTestFinished, { limits: LIMITS, maxDevices: 50, deliveriesPerDay: 1e6 }, SIZES);
      const statuses = new Map<number, number>();
      const heaps: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const scripts = fc.sample(fc.noBias(script), { numRuns: REQUESTS_A_ROUND, seed: SEED + round });
        const wrong = await firstWrong(served, scripts, statuses);
        if (wrong !== undefined) {
          const sent = JSON.stringify(wrong.script.pieces.map((piece) => piece.toString('latin1'))).slice(0, 4_000);
          throw new Error(`went wrong once, seed ${SEED + round}, sent ${sent}`, { cause: wrong.why });
        }
        heaps.push((await served.memory()).heap);
      }
      expect(served.problems).toEqual([]);
      // The first round warms everything up.
      const [, early = 0] = heaps;
      const growth = (heaps.at(-1) ?? 0) - early;
      expect(growth).toBeLessThan(GROWTH_BYTES);
      expect(await served.stop()).toBe(0);
      const told = [...statuses]
        .sort(([a], [b]) => a - b)
        .map(([status, count]) => `${count} × ${NAMES[status] ?? status}`);
      const all = ROUNDS * REQUESTS_A_ROUND;
      // Devices that tell any version sooner or later went back from a release, and are held from then on: how soon is chance.
      expect(statuses.get(200) ?? 0).toBeGreaterThan(all / 200);
      expect(statuses.get(UNHEARD) ?? 0).toBeLessThan(all / 50);
      proof(
        `${all} clients that send anything (seed ${SEED}): ${told.join(', ')}; the heap grew by ${Math.round(growth / 1024)} KiB`,
      );
    },
    prove ? 900_000 : 60_000,
  );

  it('answers a device alike wherever its request is cut in two', async () => {
    const served = await serve(onTestFinished, { limits: LIMITS }, [SIZES[0] ?? 0]);
    const bytes = Buffer.from(
      `GET /upgrade?imei=8 6&project_key=${PROJECT_KEY}&firmware_name=测 #&version=1.0.0 HTTP/1.1\r\nHost: h:1\r\n\r\n`,
    );
    const pairs = Array.from({ length: bytes.length }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
    const answers = await Promise.all(pairs.map((pieces) => talk(served.port, pieces)));
    const bodies = answers.map(({ bytes: heard }) => exactAnswer(heard).body.toString());
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toContain('"code": 26,');
  });
});
