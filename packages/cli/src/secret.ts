/** Reads a password from a terminal that does not show it. */
import { CommandError, EXIT } from './failure.ts';

/** A terminal, as far as it is read from. */
export interface Keyboard {
  setRawMode(isRaw: boolean): unknown;
  on(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  off(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

const CTRL_C = '\u0003';
const CTRL_U = '\u0015';
/** Enter, as terminals send it, and Ctrl-D. */
const ENDING: ReadonlySet<string> = new Set(['\r', '\n', '\u0004']);
/** Delete, as most terminals send it, and backspace. */
const ERASING: ReadonlySet<string> = new Set(['\u007f', '\b']);

/**
 * The characters up to the next Enter; `ask` puts the question once nothing is shown any more. The terminal is as it was before, however it ends. What is typed or pasted beyond
 * Enter is dropped. @throws CommandError `interrupted`
 */
export async function typedUnseen(keyboard: Keyboard, signal: AbortSignal, ask: () => void): Promise<string> {
  signal.throwIfAborted();
  // Raw: nothing is shown, and Ctrl-C is a character.
  keyboard.setRawMode(true);
  const { line, leave } = lineFrom(keyboard, signal);
  try {
    ask();
    return await line;
  } finally {
    leave();
    keyboard.setRawMode(false);
    keyboard.pause();
  }
}

function lineFrom(
  keyboard: Keyboard,
  signal: AbortSignal,
): { readonly line: Promise<string>; readonly leave: () => void } {
  const decoder = new TextDecoder();
  const typed: string[] = [];
  let end = (_line: string): void => undefined;
  let interrupt = (): void => undefined;
  const line = new Promise<string>((resolve, reject) => {
    end = resolve;
    interrupt = () => reject(new CommandError('interrupted', 'interrupted', { exitCode: EXIT.interrupted }));
  });
  const hear = (bytes: Uint8Array): void => {
    for (const character of decoder.decode(bytes, { stream: true })) {
      if (ENDING.has(character)) end(typed.join(''));
      if (character === CTRL_C) interrupt();
      if (ERASING.has(character)) typed.pop();
      else if (character === CTRL_U) typed.length = 0;
      else typed.push(character);
    }
  };
  keyboard.on('data', hear);
  signal.addEventListener('abort', interrupt);
  keyboard.resume();
  return {
    line,
    leave: () => {
      keyboard.off('data', hear);
      signal.removeEventListener('abort', interrupt);
    },
  };
}
