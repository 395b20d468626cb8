/** Bytes that lie somewhere and are read piece by piece; a package may be larger than memory. */
export interface PackageSource {
  /** Bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `first` on; both lie within `size`. */
  read(first: number, length: number): Promise<Uint8Array>;
}

/** What the bytes are. `opaque`: nothing that we know, and therefore nothing that we judge. */
export type PackageFormat = 'ec618' | 'ec7xx' | 'air8101' | 'lfta' | 'xt804' | 'luadb' | 'opaque';

/** What a device changes with it. */
export type PackageKind = 'script' | 'script-and-core-delta' | 'core-delta' | 'full-core' | 'full' | 'unknown';

/** One line for people. */
export interface Fact {
  readonly label: string;
  readonly value: string;
}

/** What was found in a package. Plain data: it is stored and sent as it is, and holds no secret. */
export interface Inspection {
  readonly format: PackageFormat;
  readonly kind: PackageKind;
  /** PROJECT of the script inside. */
  readonly project?: string;
  /** VERSION of the script inside, as written there (`001.000.005`). */
  readonly version?: string;
  /** SHA-256 of the script's PRODUCT_KEY in lower-case hex: enough to compare, not enough to use. */
  readonly productKeySha256?: string;
  /** The core that it applies to and the core that it leads to, as the package names them: a number, an MD5, or both. */
  readonly sourceCore?: string;
  readonly targetCore?: string;
  /** It has a core delta: a device with any other core than the one it was made from must never get it. */
  readonly needsSourceCore: boolean;
  readonly facts: readonly Fact[];
  /** What an operator should know before publishing, in plain sentences. */
  readonly warnings: readonly string[];
}
