import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatReport, parseReport, REPORT_STATES, type Report } from './reports.ts';

const nothing = {
  id: undefined,
  version: undefined,
  release: undefined,
  state: undefined,
  code: undefined,
  bytes: undefined,
  reason: undefined,
  until: undefined,
  log: [],
  report: undefined,
};

describe('a report', () => {
  it('says how far a device is, in as many words as it likes', () => {
    const told = {
      id: 'gateway 7',
      version: '1.0.0',
      release: '1.1.0',
      state: 'failed',
      code: -3,
      bytes: 4_096,
      log: ['writing', 'bad block'],
      report: '17',
    };
    expect(parseReport(JSON.stringify({ ...told, battery: 80 }))).toEqual(told);
    expect(parseReport('{"state":"downloaded"}')).toEqual({ ...nothing, state: 'downloaded' });
    expect(parseReport('{"id":null,"log":null,"code":null}')).toEqual(nothing);
  });

  it('says why a device waits, and until when', () => {
    const told = { state: 'deferred', reason: 'outside of its window', until: 1_795_658_400 };
    expect(parseReport(JSON.stringify(told))).toEqual({ ...nothing, ...told });
    expect(parseReport(JSON.stringify({ ...told, reason: 'x'.repeat(500) }))).toMatchObject({
      reason: 'x'.repeat(200),
    });
    expect(formatReport({ ...told, state: 'deferred', reason: 'x'.repeat(500) })).toBe(
      JSON.stringify({ ...told, reason: 'x'.repeat(200) }),
    );
  });

  it('keeps the last twenty lines of its log, and the beginning of each', () => {
    const log = Array.from({ length: 50 }, (_, line) => `${line} ${'x'.repeat(300)}`);
    const { log: kept } = parseReport(JSON.stringify({ log })) as Report;
    expect(kept.map((line) => Number.parseInt(line, 10))).toEqual(Array.from({ length: 20 }, (_, line) => 30 + line));
    expect(kept.every((line) => line.length === 200)).toBe(true);
  });

  it.each([
    ['', 'a report is an object in JSON'],
    ['[]', 'a report is an object in JSON'],
    ['null', 'a report is an object in JSON'],
    ['{"id":7}', 'id must be a text of at most 128 characters'],
    [`{"version":"${'1'.repeat(65)}"}`, 'version must be a text of at most 64 characters'],
    ['{"report":{}}', 'report must be a text of at most 64 characters'],
    ['{"code":"3"}', 'code must be an integer'],
    ['{"code":1e300}', 'code must be an integer'],
    ['{"bytes":-1}', 'bytes must be an integer'],
    ['{"until":"02:00"}', 'until must be an integer'],
    ['{"until":-1}', 'until must be an integer'],
    ['{"reason":7}', 'reason must be a text'],
    ['{"state":"done"}', `state must be one of ${REPORT_STATES.join(', ')}`],
    ['{"log":"text"}', 'log must be a list of texts'],
    ['{"log":[7]}', 'log must be a list of texts'],
  ])('as %s is none: %s', (text, problem) => {
    expect(parseReport(text)).toBe(problem);
  });

  it('never throws, and is never more than it may be', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseReport(text)));
    const any = fc.dictionary(fc.constantFrom(...Object.keys(nothing), '__proto__', 'x'), fc.jsonValue());
    fc.assert(
      fc.property(any, (members) => {
        const read = parseReport(JSON.stringify(members));
        if (typeof read === 'string') return;
        expect(Object.keys(read).toSorted()).toEqual(Object.keys(nothing).toSorted());
        expect(JSON.stringify(read).length).toBeLessThan(16_384);
      }),
    );
  });
});
