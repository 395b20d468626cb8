import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './packed.ts';

/** A fenced block of a page. */
export interface Block {
  readonly language: string;
  readonly code: string;
}

export const FENCE: RegExp = /^```(\w*)\n(.*?)^```$/gms;

/** A page of this repository, by its path. */
export function page(name: string): string {
  return readFileSync(join(root, name), 'utf8');
}

export function blocksOf(text: string): Block[] {
  return [...text.matchAll(FENCE)].map(([, language = '', code = '']) => ({ language, code }));
}
