declare module 'lzma' {
  /** Signed bytes: the 13-byte head, then the stream. */
  export function compress(bytes: Uint8Array, mode: number): readonly number[];
}
