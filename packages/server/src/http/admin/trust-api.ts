/** The JSON of whose signatures devices believe, see api.ts. */

/** What sets a key ring. */
export interface ApiKeyRingRequest {
  /** Of the key ring, as it is signed. */
  readonly text: string;
  /** By which a ring key of the present one says that this follows; the first needs none. */
  readonly signature?: string;
  /** Default false. Begins anew, without a signature: no device comes to such a ring by itself. */
  readonly replace?: boolean;
}

/** The key ring of a project (docs/protocol.md §13.5). */
export interface ApiKeyRing {
  readonly serial: number;
  readonly text: string;
  /** From the ring that began the chain to this one. */
  readonly links: ReadonlyArray<{ readonly text: string; readonly signature: string }>;
  /** The ids of keys that sign releases. */
  readonly releaseKeys: readonly string[];
  /** The ids of keys that sign the next ring. */
  readonly ringKeys: readonly string[];
  /** What devices with this ring do not take of what is published, in sentences. */
  readonly warnings: readonly string[];
}

/** How many devices of a project told which key ring with their last question. */
export interface ApiRingCounts {
  readonly items: ReadonlyArray<{
    /** 0: none. */
    readonly serial: number;
    readonly devices: number;
  }>;
}
