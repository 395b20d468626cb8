/**
 * What a device does, as a map from (state, event) to (state, effects): no sockets, no time, no bytes kept but those of an
 * unfinished head. All differences between generations come from their table.
 */
import { RESULT, type ResultNumber } from '@libfota2/protocol';
import { type AnswerHead, type Framing, framingOf, headEnd, parseHead, takeBody } from './answer.ts';
import type { Generation, Mode, Wait } from './generations.ts';

export interface Firmware {
  readonly generation: Generation;
  readonly mode: Mode;
}

export type DeviceEvent =
  | { readonly type: 'read'; readonly bytes: Uint8Array }
  /** The server ended or reset the connection. */
  | { readonly type: 'closed' }
  | { readonly type: 'unreachable' }
  /** The device's own timer. */
  | { readonly type: 'timer' };

export type Effect =
  /** Connect and send a request; `from`: with a range. */
  | { readonly do: 'ask'; readonly from: number | undefined }
  | { readonly do: 'reset' }
  | { readonly do: 'write'; readonly bytes: Uint8Array }
  | { readonly do: 'note'; readonly statusLine: string }
  | { readonly do: 'wait'; readonly until: Wait }
  /** Call back; without a number: it never does. */
  | { readonly do: 'end'; readonly result: ResultNumber | undefined };

/** What a resume goes on with. */
interface Taken {
  /** Bytes of bodies so far, all answers together. */
  readonly bytes: number;
  readonly resumed: number;
  /** Whether a head has been understood. Until then nothing is worth a resume. */
  readonly begun: boolean;
}

export type DeviceState =
  | { readonly at: 'head'; readonly held: Uint8Array; readonly taken: Taken }
  | { readonly at: 'body'; readonly answer: AnswerHead; readonly framing: Framing; readonly taken: Taken }
  | { readonly at: 'waiting'; readonly until: Wait }
  | { readonly at: 'ended' };

export interface Step {
  readonly state: DeviceState;
  readonly effects: readonly Effect[];
}

/** What one read holds at most; a head must fit into it (luatos.md L17). */
const READ_BYTES = 8_191;

/** The first step: what an earlier run left goes, and the question is asked. */
export function begin(): Step {
  return asking({ bytes: 0, resumed: 0, begun: false }, [{ do: 'reset' }]);
}

export function step(firmware: Firmware, state: DeviceState, event: DeviceEvent): Step {
  if (state.at === 'ended') return { state, effects: [] };
  if (state.at === 'waiting') return wake(state.until, event.type);
  switch (event.type) {
    case 'read':
      return readAll(firmware, state, event.bytes);
    case 'timer':
      return ended(RESULT.messageError);
    case 'unreachable':
    case 'closed':
      return lost(firmware, state, event.type);
  }
}

function asking(taken: Taken, effects: readonly Effect[]): Step {
  const from = taken.begun ? taken.bytes : undefined;
  return { state: { at: 'head', held: new Uint8Array(), taken }, effects: [...effects, { do: 'ask', from }] };
}

function ended(result: ResultNumber | undefined): Step {
  return { state: { at: 'ended' }, effects: [{ do: 'end', result }] };
}

function waiting(until: Wait): Step {
  return { state: { at: 'waiting', until }, effects: [{ do: 'wait', until }] };
}

function wake(until: Wait, event: DeviceEvent['type']): Step {
  // Who waits for a close alone has stopped its timer: when that would have come, nothing comes any more.
  if (event === 'timer') return ended(until === 'close' ? undefined : RESULT.messageError);
  if (event === 'closed' && until !== 'timer') return ended(RESULT.messageError);
  return { state: { at: 'waiting', until }, effects: [] };
}

/** Reads as large as the device's buffer, however the bytes came. */
function readAll(firmware: Firmware, from: DeviceState, bytes: Uint8Array): Step {
  const effects: Effect[] = [];
  let state = from;
  for (let at = 0; at < bytes.length && (state.at === 'head' || state.at === 'body'); at += READ_BYTES) {
    const read = bytes.subarray(at, at + READ_BYTES);
    const next = state.at === 'head' ? readHead(firmware, state, read) : readBody(firmware, state, read);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}

function readHead(firmware: Firmware, { held, taken }: DeviceState & { at: 'head' }, read: Uint8Array): Step {
  const bytes = Buffer.concat([held, read]);
  const end = headEnd(bytes);
  if (end < 0 && bytes.length < READ_BYTES && firmware.generation.headInPieces) {
    return { state: { at: 'head', held: bytes, taken }, effects: [] };
  }
  const answer = end < 0 ? undefined : parseHead(bytes.subarray(0, end));
  if (answer === undefined) return ended(RESULT.messageError);
  const effects: Effect[] = [{ do: 'note', statusLine: answer.statusLine }];
  // A refusal takes along what came before it, but where its text stays itself.
  if (firmware.mode === 'dst' && isRefusal(answer) && !firmware.generation.keepsRefusals) effects.push({ do: 'reset' });
  const isAnew = firmware.generation.validates && taken.resumed > 0 && answer.status === 200;
  if (isAnew) effects.push({ do: 'reset' });
  const before = { ...taken, bytes: isAnew ? 0 : taken.bytes, begun: true };
  const body = { at: 'body', answer, framing: framingOf(answer), taken: before } as const;
  const next = readBody(firmware, body, bytes.subarray(end));
  return { state: next.state, effects: [...effects, ...next.effects] };
}

function readBody(firmware: Firmware, state: DeviceState & { at: 'body' }, read: Uint8Array): Step {
  const { generation, mode } = firmware;
  const { answer } = state;
  const { content, next } = takeBody(state.framing, read);
  const bytes = content.reduce((sum, { length }) => sum + length, 0);
  const taken = { ...state.taken, bytes: state.taken.bytes + bytes };
  const kept = !isRefusal(answer) || (mode === 'dst' && generation.keepsRefusals);
  const effects = kept ? content.map((piece): Effect => ({ do: 'write', bytes: piece })) : [];
  const { chunked, withoutLength } = generation.firstReadOnly;
  const enough = bytes > 0 && ((chunked && next.kind === 'chunked') || (withoutLength && next.kind === 'endless'));
  if (next.kind !== 'ended' && !enough) return { state: { at: 'body', answer, framing: next, taken }, effects };
  const done = complete(firmware, answer, taken);
  return { state: done.state, effects: [...effects, ...done.effects] };
}

function complete({ generation, mode }: Firmware, answer: AnswerHead, taken: Taken): Step {
  if (!isRefusal(answer)) return ended(taken.bytes > 0 ? RESULT.success : RESULT.messageError);
  const until = generation.refused[mode][answer.chunked ? 'chunked' : 'sized'];
  return until === undefined ? ended(RESULT.messageError) : waiting(until);
}

function lost(firmware: Firmware, state: DeviceState & { at: 'head' | 'body' }, how: 'closed' | 'unreachable'): Step {
  const { generation, mode } = firmware;
  const { taken } = state;
  if (taken.begun && taken.resumed < generation.resumes) return asking({ ...taken, resumed: taken.resumed + 1 }, []);
  if (how === 'unreachable') return ended(RESULT.connectionFailed);
  if (state.at === 'head') return ended(RESULT.disconnected);
  switch (generation.brokenOff[mode]) {
    case 'disconnected':
      return ended(RESULT.disconnected);
    case 'timer':
      return waiting('timer');
    case 'success':
      return ended(isRefusal(state.answer) || taken.bytes === 0 ? RESULT.messageError : RESULT.success);
  }
}

function isRefusal({ status }: AnswerHead): boolean {
  return status !== 200 && status !== 206;
}
