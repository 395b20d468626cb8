/** Texts that come back from devices as they were given, or not at all. */
export interface Sealing {
  /** Letters, digits, `-`, `_` and a dot; the text can be read by anybody. */
  seal(text: string, key: string): string;
  /**
   * The text that was sealed with one of the keys that belong to it; `undefined` for anything else. `keysFor` is asked before
   * anything is known of the text. Never throws.
   */
  open(sealed: string, keysFor: (text: string) => readonly string[]): string | undefined;
}
