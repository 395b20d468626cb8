/** Values by key, of those keys that were set last: what is remembered of devices for a while must not grow for ever. */
export interface Recent<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

/** As many as may download within some minutes. */
const AT_LEAST = 50_000;

/** The last `atLeast` keys are kept, and at most twice as many. */
export function recent<V>(atLeast: number = AT_LEAST): Recent<V> {
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  return {
    get: (key) => young.get(key) ?? old.get(key),
    set(key, value) {
      if (young.size >= atLeast && !young.has(key)) {
        old = young;
        young = new Map();
      }
      young.set(key, value);
    },
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
  };
}
