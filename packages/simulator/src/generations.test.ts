import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chunks, head, inReads, startHostile } from '../test/hostile.ts';
import { createFile, type GenerationName, type Mode, type Run, type SimulateOptions, simulate } from './index.ts';

/** luatos.md F: the callback's number, then what is left. Where the modes differ, each has its own. */
const TABLE: Readonly<Record<GenerationName, Readonly<Record<Scene, Cell>>>> = {
  '2023-10': {
    'head in two reads': '4, nothing',
    'body cut, a resume gets 206': '0, whole',
    'body cut, a resume gets 200': '0, fragment and whole',
    'body cut, and each resume too': '3, three resumes further',
    'chunked 200': '0, whole',
    '200 without length': '3, four copies',
    'refusal kept open': { fota: '4, nothing', dst: '4, its text' },
    'chunked refusal': { fota: '4, nothing', dst: '4, its text' },
    'refusal as 200': '0, its text',
    '200 with an empty body': '4, nothing',
    'a resume gets 416': { fota: '4, fragment', dst: '4, fragment and text' },
  },
  '2024-06': {
    'head in two reads': '4, nothing',
    'body cut, a resume gets 206': '0, whole',
    'body cut, a resume gets 200': '0, fragment and whole',
    'body cut, and each resume too': '3, three resumes further',
    'chunked 200': '0, whole',
    '200 without length': '3, four copies',
    'refusal kept open': '4, nothing',
    'chunked refusal': '4, nothing',
    'refusal as 200': '0, its text',
    '200 with an empty body': '4, nothing',
    'a resume gets 416': { fota: '4, fragment', dst: '4, nothing' },
  },
  '2025-01': {
    'head in two reads': '0, whole',
    'body cut, a resume gets 206': '0, whole',
    'body cut, a resume gets 200': '0, fragment and whole',
    'body cut, and each resume too': '3, three resumes further',
    'chunked 200': '0, whole',
    '200 without length': '3, four copies',
    'refusal kept open': '4, nothing',
    'chunked refusal': '4, nothing',
    'refusal as 200': '0, its text',
    '200 with an empty body': '4, nothing',
    'a resume gets 416': { fota: '4, fragment', dst: '4, nothing' },
  },
  '2025-09': {
    'head in two reads': '0, whole',
    'body cut, a resume gets 206': '3, fragment',
    'body cut, a resume gets 200': '3, fragment',
    'body cut, and each resume too': '3, fragment',
    'chunked 200': '0, whole',
    '200 without length': '3, whole',
    'refusal kept open': '4, nothing',
    'chunked refusal': '4, nothing',
    'refusal as 200': '0, its text',
    '200 with an empty body': '4, nothing',
    'a resume gets 416': '3, fragment',
  },
  '2026-01': {
    'head in two reads': '0, whole',
    'body cut, a resume gets 206': '0, fragment',
    'body cut, a resume gets 200': '0, fragment',
    'body cut, and each resume too': '0, fragment',
    'chunked 200': '0, first piece',
    '200 without length': '0, first piece',
    'refusal kept open': { fota: '4, nothing', dst: '4, its text' },
    'chunked refusal': { fota: '4, nothing', dst: '4, its text' },
    'refusal as 200': '0, its text',
    '200 with an empty body': '4, nothing',
    'a resume gets 416': '0, fragment',
  },
  '2026-03': {
    'head in two reads': '0, whole',
    'body cut, a resume gets 206': '0, fragment',
    'body cut, a resume gets 200': '0, fragment',
    'body cut, and each resume too': '0, fragment',
    'chunked 200': '0, whole',
    '200 without length': '0, whole',
    'refusal kept open': 'never, nothing',
    'chunked refusal': { fota: '4 by its timer, nothing', dst: '4, nothing' },
    'refusal as 200': '0, its text',
    '200 with an empty body': '4, nothing',
    'a resume gets 416': '0, fragment',
  },
  now: {
    'head in two reads': '0, whole',
    'body cut, a resume gets 206': { fota: '4 by its timer, fragment', dst: '0, fragment' },
    'body cut, a resume gets 200': { fota: '4 by its timer, fragment', dst: '0, fragment' },
    'body cut, and each resume too': { fota: '4 by its timer, fragment', dst: '0, fragment' },
    'chunked 200': '0, whole',
    '200 without length': '0, first piece',
    'refusal kept open': { fota: '4 by its timer, nothing', dst: '4, nothing' },
    'chunked refusal': { fota: '4 by its timer, nothing', dst: '4, nothing' },
    'refusal as 200': '0, its text',
    '200 with an empty body': '4, nothing',
    'a resume gets 416': { fota: '4 by its timer, fragment', dst: '0, fragment' },
  },
};

type Cell = string | Readonly<Record<Mode, string>>;
type Scene = keyof typeof SCENES;
type Serve = (line: Socket, head: string, nth: number) => void;

const PACKAGE = randomBytes(60_000);
const CUT = 25_000;
const TEXT = Buffer.from('{"code":27}');
const REFUSAL = head('404 Not Found', 'Content-Type: application/json', `Content-Length: ${TEXT.length}`);
const WHOLE = head('200 OK', 'Content-Length: 60000');

/** Cut after the first part; `then` serves the resumes. */
function cutThen(then: (line: Socket, from: number) => void): Serve {
  return (line, asked, nth) => {
    if (nth === 1) line.end(Buffer.concat([WHOLE, PACKAGE.subarray(0, CUT)]));
    else then(line, Number(/\r\nRange: bytes=(\d+)-\r\n/.exec(asked)?.[1]));
  };
}

function rest(from: number): Buffer {
  return head('206 Partial Content', `Content-Length: ${60_000 - from}`, `Content-Range: bytes ${from}-59999/60000`);
}

const SCENES = {
  'head in two reads': (line: Socket) =>
    void inReads(line, WHOLE.subarray(0, 30), Buffer.concat([WHOLE.subarray(30), PACKAGE])),
  'body cut, a resume gets 206': cutThen((line, from) => line.end(Buffer.concat([rest(from), PACKAGE.subarray(from)]))),
  'body cut, a resume gets 200': cutThen((line) => line.end(Buffer.concat([WHOLE, PACKAGE]))),
  'body cut, and each resume too': cutThen((line, from) =>
    line.end(Buffer.concat([rest(from), PACKAGE.subarray(from, from + 5_000)])),
  ),
  'chunked 200': (line: Socket) =>
    line.end(Buffer.concat([head('200 OK', 'Transfer-Encoding: chunked'), chunks(PACKAGE)])),
  '200 without length': (line: Socket) => line.end(Buffer.concat([head('200 OK', 'Connection: close'), PACKAGE])),
  'refusal kept open': (line: Socket) => void line.write(Buffer.concat([REFUSAL, TEXT])),
  'chunked refusal': (line: Socket) =>
    line.end(Buffer.concat([head('404 Not Found', 'Transfer-Encoding: chunked'), chunks(TEXT)])),
  'refusal as 200': (line: Socket) => line.end(Buffer.concat([head('200 OK', 'Content-Length: 11'), TEXT])),
  '200 with an empty body': (line: Socket) => line.end(head('200 OK', 'Content-Length: 0')),
  'a resume gets 416': cutThen((line) =>
    line.end(Buffer.concat([head('416 Range Not Satisfiable', 'Content-Length: 11'), TEXT])),
  ),
} satisfies Readonly<Record<string, Serve>>;

const fragment = PACKAGE.subarray(0, CUT);
const LEFT: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  whole: PACKAGE,
  fragment,
  'fragment and whole': Buffer.concat([fragment, PACKAGE]),
  'fragment and text': Buffer.concat([fragment, TEXT]),
  'three resumes further': PACKAGE.subarray(0, CUT + 15_000),
  'four copies': Buffer.concat([PACKAGE, PACKAGE, PACKAGE, PACKAGE]),
  'its text': TEXT,
};

const facts = { id: '868488076506128', projectKey: 'k'.repeat(32), firmwareName: 'app', version: '1.0.0' };

/** A run whose timer strikes once the device waits for it, if it `strikes` at all. */
async function run(serve: Serve, options: Pick<SimulateOptions, 'generation' | 'mode'>, strikes: boolean) {
  const server = await startHostile(serve);
  onTestFinished(() => server.close());
  const file = createFile();
  const nothing = (): void => undefined;
  const timer = { ms: 0, set: false, strike: nothing };
  const outcome: Run = await simulate({
    ...options,
    facts,
    url: `http://127.0.0.1:${server.port}/upgrade`,
    sink: file,
    timers: {
      after: (ms, strike) => {
        Object.assign(timer, { ms, strike, set: true });
        return { cancel: () => Object.assign(timer, { set: false }) };
      },
    },
    onWait: () => {
      if (strikes) timer.strike();
    },
  });
  return { outcome, timer, left: file.contents(), heads: server.heads };
}

describe.each(Object.keys(TABLE) as GenerationName[])('a device of %s', (generation) => {
  describe.each(['fota', 'dst'] as const)('in %s mode', (mode) => {
    it.each(Object.keys(SCENES) as Scene[])('meets: %s', async (scene) => {
      const cell = TABLE[generation][scene];
      const [number = '', leaves = ''] = (typeof cell === 'string' ? cell : cell[mode]).split(', ');
      const waits = number.endsWith('by its timer') || number === 'never';
      const { outcome, timer, left, heads } = await run(SCENES[scene], { generation, mode }, waits);
      const result = number === 'never' ? undefined : Number(number[0]);
      expect(outcome).toMatchObject({ result, never: number === 'never', bytes: left.length, requests: heads });
      expect(timer.set).toBe(false);
      expect(timer.ms).toBe(generation.startsWith('2026') || generation === 'now' ? 600_000 : 300_000);
      if (leaves === 'first piece') {
        expect(left.length).toBeGreaterThan(0);
        expect(left.length).toBeLessThanOrEqual(8_192);
        expect(left.equals(PACKAGE.subarray(0, left.length))).toBe(true);
      } else {
        expect(LEFT[leaves]).toBeDefined();
        expect(left.equals(LEFT[leaves] ?? Buffer.of(1))).toBe(true);
      }
    });

    it('asks for exactly what it lacks, three times if at all', async () => {
      const { heads } = await run(SCENES['body cut, and each resume too'], { generation, mode }, true);
      const ranges = heads.map((asked) => /Range: (.*)\r\n/.exec(asked)?.[1]);
      const resumes = ['2023-10', '2024-06', '2025-01'].includes(generation);
      expect(ranges).toEqual([undefined, ...(resumes ? ['bytes=25000-', 'bytes=30000-', 'bytes=35000-'] : [])]);
    });

    it('takes a refusal that is closed as number 4 without its timer', async () => {
      const { outcome } = await run((line) => line.end(Buffer.concat([REFUSAL, TEXT])), { generation, mode }, false);
      expect(outcome).toMatchObject({ result: 4, never: false, statusLines: ['HTTP/1.1 404 Not Found'] });
    });

    it.each([
      ['closes without an answer', 3, (line: Socket) => line.end()],
      ['has no header', 4, (line: Socket) => line.write('HTTP/1.1 200 OK\r\n\r\n')],
      ['sends 8191 bytes of head without an end', 4, (line: Socket) => line.write(Buffer.alloc(8_191, 'x'))],
      ['speaks no HTTP', 4, (line: Socket) => line.write('SSH-2.0-OpenSSH\r\n\r\n')],
    ] as const)('a server that %s is number %i', async (_how, result, serve) => {
      const { outcome } = await run((line) => void serve(line), { generation, mode }, false);
      expect(outcome).toMatchObject({ result, bytes: 0 });
    });

    it('a server that is not there is number 1', async () => {
      const server = await startHostile(() => undefined);
      await server.close();
      const outcome = await simulate({ generation, mode, facts, url: `http://127.0.0.1:${server.port}/upgrade` });
      expect(outcome).toMatchObject({ result: 1, requests: [expect.stringContaining('GET /')], statusLines: [] });
    });

    it('its timer ends a silence with number 4', async () => {
      const server = await startHostile(() => strike());
      onTestFinished(() => server.close());
      let strike = (): void => undefined;
      const outcome = await simulate({
        generation,
        mode,
        facts,
        url: `http://127.0.0.1:${server.port}/upgrade`,
        timeoutMs: 1_234,
        timers: {
          after: (ms, work) => {
            expect(ms).toBe(1_234);
            strike = work;
            return { cancel: () => undefined };
          },
        },
      });
      expect(outcome).toMatchObject({ result: 4, bytes: 0 });
    });
  });
});
