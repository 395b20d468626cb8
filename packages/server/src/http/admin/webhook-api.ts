/** The JSON of webhooks, as clients of the admin API read it. */

export interface ApiWebhook {
  readonly id: string;
  readonly url: string;
  /** Left out: all. */
  readonly types?: readonly string[];
  /** Left out: all. */
  readonly projects?: readonly string[];
  /** The receiver may lie on the machine of the server, or in a private network. */
  readonly private: boolean;
  readonly isOn: boolean;
  /** Why it was switched off, where no operator did. */
  readonly reason?: string;
  /** Number of the last event that was taken, or was none of its. */
  readonly place: number;
  /** Tries of the next event, in vain. */
  readonly tries: number;
  readonly nextTryAt?: string;
  readonly createdAt: string;
}

export interface ApiNewWebhook extends ApiWebhook {
  /** Signs what is sent; shown this once. */
  readonly secret: string;
}

/** One try to deliver an event. */
export interface ApiDelivery {
  readonly at: string;
  /** 0: a test. */
  readonly event: number;
  readonly type: string;
  readonly attempt: number;
  readonly status?: number;
  readonly problem?: string;
  readonly ms: number;
}
