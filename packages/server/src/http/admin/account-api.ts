/** The JSON of the admin API about who may do what, and who did. See api.ts. */
import type { Grant, Principal, Role } from '../../domain/principal.ts';

/** What somebody did, or was kept from. */
export interface ApiAudit {
  readonly id: number;
  readonly at: string;
  /** Whether they were kept from it. */
  readonly isRefused: boolean;
  /** Kind and id, such as `token:k3Jd81aB`. Left out where nobody knows who it was. */
  readonly by?: string;
  /** The name and the role that they had. */
  readonly name?: string;
  readonly role?: Role;
  /** The address that it came from; left out for the local socket. */
  readonly from?: string;
  /** As the answer had it in X-Request-Id. */
  readonly request?: string;
  readonly action?: string;
  readonly project?: string;
  /** What it was done to. */
  readonly target?: string;
  readonly details: readonly ApiAuditDetail[];
  /** `ok`, or the code of the error. Left out while it goes on, and where the server was killed meanwhile. */
  readonly code?: string;
  readonly endedAt?: string;
  /** What was made. */
  readonly made?: string;
  /** How many times, where refusals of a minute were gathered. */
  readonly count: number;
}

export interface ApiAuditDetail {
  readonly name: string;
  /** What is no text as JSON. */
  readonly value: string;
}

/** An entry of the audit log as it is hashed. */
export interface ApiAuditRecord {
  readonly id: number;
  /** JSON: just these characters are hashed. */
  readonly text: string;
  /** SHA-256 of the text. */
  readonly hash: string;
}

/** A person who may come in over the network. */
export interface ApiUser extends Grant {
  readonly id: string;
  readonly name: string;
  readonly isDisabled: boolean;
  readonly createdAt: string;
  /** When the password was set last. */
  readonly passwordAt: string;
}

/** Who asks. */
export interface ApiMe extends Principal {
  /** When the session ends at the latest; left out where there is none. */
  readonly expiresAt?: string;
}
