/** A query on the devices of a project that has a name. */
export interface Group {
  readonly project: string;
  /** 1 to 64 printable characters; one of its project. */
  readonly name: string;
  /** As `printQuery` writes it. */
  readonly query: string;
  /** For people. */
  readonly note: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly changedAt: number;
}

/** Groups. What is written is durable, also against a power cut, when the promise resolves. */
export interface GroupStore {
  /** By project and name. */
  groups(): Promise<readonly Group[]>;
  /** In the place of the one that has its project and name. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  keep(group: Group): Promise<void>;
  /** @throws FotaServerError `disk-full`, `data-dir-unusable` */
  remove(project: string, name: string): Promise<void>;
}
