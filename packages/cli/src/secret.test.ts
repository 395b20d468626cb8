import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { type Keyboard, typedUnseen } from './secret.ts';

class Fake extends EventEmitter implements Keyboard {
  readonly modes: Array<boolean | 'paused'> = [];

  setRawMode(isRaw: boolean): void {
    this.modes.push(isRaw);
  }

  resume(): void {}

  pause(): void {
    this.modes.push('paused');
  }

  type(...parts: ReadonlyArray<string | Uint8Array>): void {
    for (const part of parts) this.emit('data', Buffer.from(part));
  }
}

const never = new AbortController().signal;

it('puts the question once nothing that is typed is shown any more', async () => {
  const keyboard = new Fake();
  const line = typedUnseen(keyboard, never, () => expect(keyboard.modes).toEqual([true]));
  keyboard.type('x\r');
  expect(await line).toBe('x');
  expect.assertions(2);
});

it.each([
  ['what is typed', ['sec', 'ret', '\r']],
  ['a line that is pasted, and nothing behind it', ['secret\nmore\n']],
  ['what is left after erasing', ['sex\u007fcrew\bt', '\r']],
  ['what follows where all was taken back', ['wrong\u0015secret\r']],
  ['what there is at the end of the input', ['secret\u0004']],
])('gives %s', async (_what, parts) => {
  const keyboard = new Fake();
  const line = typedUnseen(keyboard, never, () => undefined);
  keyboard.type(...parts);
  expect(await line).toBe('secret');
  expect(keyboard.modes).toEqual([true, false, 'paused']);
  expect(keyboard.listenerCount('data')).toBe(0);
});

it('takes a character that comes in two parts, and erases it as one', async () => {
  const keyboard = new Fake();
  const line = typedUnseen(keyboard, never, () => undefined);
  const bytes = Buffer.from('固🚀\u007f!\r');
  keyboard.type(bytes.subarray(0, 2), bytes.subarray(2, 5), bytes.subarray(5));
  expect(await line).toBe('固!');
});

it.each(['Ctrl-C', 'a signal'])('leaves the terminal as it was after %s', async (how) => {
  const keyboard = new Fake();
  const controller = new AbortController();
  const line = typedUnseen(keyboard, controller.signal, () => undefined);
  if (how === 'Ctrl-C') keyboard.type('sec\u0003');
  else controller.abort();
  await expect(line).rejects.toMatchObject({ code: 'interrupted', exitCode: 130 });
  expect(keyboard.modes).toEqual([true, false, 'paused']);
  expect(keyboard.listenerCount('data')).toBe(0);
});
