import type { FleetReport } from '@libfota2/simulator';
import { expect, it } from 'vitest';
import { expectation, judge } from './expect.ts';

const latency = { count: 0, p50: 0, p99: 0, most: 0 };
const report: FleetReport = {
  ...{ elapsedMs: 1, devices: 1_000, ended: 'time', asked: 0, bytes: 0, open: 0, late: 0, powerCuts: 0, lineCuts: 0 },
  standings: { fresh: 0, installed: 0, confirmed: 999, failed: 1, looping: 0, 'rolled-back': 0, silent: 0 },
  ...{ versions: {}, answers: {}, faults: {}, groups: [], lastAnswers: { 40: 3 } },
  images: { verified: 999, unverified: 0, unknown: 0, unusable: 2, spliced: 0 },
  reports: { taken: 0, refused: 0 },
  deliveries: { all: 1_005, most: 6, mostId: 'x' },
  ...{ answerMs: { ...latency, p99: 12 }, lateMs: latency },
};

it.each([
  ['confirmed=100%', 999, false],
  ['confirmed >= 99.9%', 999, true],
  ['confirmed=999', 999, true],
  ['failed<1%', 1, true],
  ['failed<1', 1, false],
  ['held>2', 3, true],
  ['deliveries<=6', 6, true],
  ['spliced=0', 0, true],
  ['p99<=10', 12, false],
])('%s finds %i', (text, found, met) => {
  expect(judge(expectation(text), report)).toEqual([{ expected: text, found, met }]);
});

it.each(['', 'confirmed', 'confirmed~3', 'joy=1', 'confirmed=much', '=3'])('"%s" is no expectation', (text) => {
  expect(() => expectation(text)).toThrow(/^It (takes|knows)/);
});
