/** Text for people. What others wrote cannot steer a terminal: every piece is made printable, and colours are only ours. */
import type pc from 'picocolors';
import { printable } from './words.ts';

type Colors = ReturnType<typeof pc.createColors>;
type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow';
type Styling = (...parts: readonly Text[]) => Styled;

/** Pieces one after another, in a colour of ours where there is one. */
interface Styled {
  readonly style: Style | undefined;
  readonly parts: readonly Text[];
}

export type Text = string | Styled;

export const bold: Styling = styling('bold');
export const cyan: Styling = styling('cyan');
export const dim: Styling = styling('dim');
export const green: Styling = styling('green');
export const red: Styling = styling('red');
export const yellow: Styling = styling('yellow');
/** Pieces without a colour of their own. */
export const span: Styling = styling(undefined);

/** One line as it goes out. */
export function painted(text: Text, colors: Colors): string {
  if (typeof text === 'string') return printable(text);
  const inner = text.parts.map((part) => painted(part, colors)).join('');
  return text.style === undefined ? inner : colors[text.style](inner);
}

function styling(style: Style | undefined): Styling {
  return (...parts) => ({ style, parts });
}
