/**
 * What is started next, and what happens when that does not hold: the one thing that application and launcher share
 * (docs/slots.md). A small text in two copies, written in turn, each with a checksum that a shell can compute: whatever a cut
 * leaves of the one that was being written, the other one holds.
 *
 * Non-scope: what lies in the slots, and where the copies lie.
 */

import { cksum } from './cksum.ts';
import { encodeText } from './platform.ts';

export type Slot = 'a' | 'b';

export interface BootRecord {
  /** Grows by one with each write: the higher one of two whole copies counts. */
  readonly generation: number;
  /** Started next. */
  readonly run: Slot;
  /** `run` is being tried: where to go back to unless it is confirmed. */
  readonly back: Slot | undefined;
  /** Starts of `run` that are left before going back, 0 to 99. */
  readonly tries: number;
  /** Minutes from a start within which it must be confirmed, 0 to 9999; 0: it may take its time. */
  readonly minutes: number;
  /** The slot that was last given up; until another one is installed there. */
  readonly fell: Slot | undefined;
}

const TITLE = 'libfota2 boot 1';
const FORM =
  /^libfota2 boot 1\ngeneration ([1-9]\d{0,8})\nrun ([ab])\nback ([ab-])\ntries (\d{1,2})\nminutes (\d{1,4})\nfell ([ab-])\nend (\d{1,10})\n$/;

export function formatBootRecord({ generation, run, back, tries, minutes, fell }: BootRecord): string {
  const slot = (one: Slot | undefined): string => one ?? '-';
  const lines = [
    TITLE,
    `generation ${generation}`,
    `run ${run}`,
    `back ${slot(back)}`,
    `tries ${tries}`,
    `minutes ${minutes}`,
    `fell ${slot(fell)}`,
  ];
  const body = `${lines.join('\n')}\n`;
  return `${body}end ${cksum(encodeText(body))}\n`;
}

/** Reads a copy; `undefined` for one that was cut off, damaged, or never written. Never throws. */
export function parseBootRecord(text: string | undefined): BootRecord | undefined {
  const [, generation, run, back, tries, minutes, fell, end] = FORM.exec(text ?? '') ?? [];
  if (text === undefined || run === undefined) return undefined;
  const body = text.slice(0, text.lastIndexOf('end '));
  if (String(cksum(encodeText(body))) !== end) return undefined;
  const slot = (one: string | undefined): Slot | undefined => (one === 'a' || one === 'b' ? one : undefined);
  const numbers = { generation: Number(generation), tries: Number(tries), minutes: Number(minutes) };
  return { ...numbers, run: run as Slot, back: slot(back), fell: slot(fell) };
}

/** What counts of two copies, and which of them is to be written next. */
export interface Copies {
  readonly record: BootRecord | undefined;
  /** Never the one that counts. */
  readonly next: 0 | 1;
}

export function newestOf(copies: readonly [string | undefined, string | undefined]): Copies {
  const [first, second] = [parseBootRecord(copies[0]), parseBootRecord(copies[1])];
  // Of two with one number the first counts, as for the launcher.
  if (first !== undefined && first.generation >= (second?.generation ?? 0)) return { record: first, next: 1 };
  return { record: second, next: 0 };
}

/** The slot that may be overwritten; `undefined` while both are needed: one is tried, the other the way back. */
export function freeSlot(record: BootRecord | undefined): Slot | undefined {
  if (record === undefined) return 'a';
  return record.back === undefined ? otherThan(record.run) : undefined;
}

/** How long a version that was installed may take to prove itself. */
export interface Trial {
  /** Starts, 1 to 99. */
  readonly tries: number;
  /** From each start; 0 to 9999, 0 for no limit. */
  readonly minutes: number;
}

/** The free slot holds a whole, verified version: it is tried next. The first version of all has nothing to go back to. */
export function tried(record: BootRecord | undefined, slot: Slot, trial: Trial): BootRecord {
  const generation = (record?.generation ?? 0) + 1;
  if (record === undefined) return { generation, run: slot, back: undefined, tries: 0, minutes: 0, fell: undefined };
  const fell = record.fell === slot ? undefined : record.fell;
  return { generation, run: slot, back: record.run, ...trial, fell };
}

/** What runs has proven itself; `undefined` where nothing is being tried. */
export function confirmed(record: BootRecord): BootRecord | undefined {
  if (record.back === undefined) return undefined;
  return { ...record, generation: record.generation + 1, back: undefined, tries: 0, minutes: 0 };
}

/** What is tried is given up: the old version is started next. `undefined` where nothing is being tried. */
export function givenUp(record: BootRecord): BootRecord | undefined {
  const { back, run, generation } = record;
  if (back === undefined) return undefined;
  return { generation: generation + 1, run: back, back: undefined, tries: 0, minutes: 0, fell: run };
}

/** What a start makes of the record: the launcher does the same in a shell. */
export function started(record: BootRecord): BootRecord {
  if (record.back === undefined) return record;
  if (record.tries === 0) return givenUp(record) ?? record;
  return { ...record, generation: record.generation + 1, tries: record.tries - 1 };
}

function otherThan(slot: Slot): Slot {
  return slot === 'a' ? 'b' : 'a';
}
