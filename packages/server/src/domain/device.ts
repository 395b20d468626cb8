import type { Identity, IdKind } from '@libfota2/protocol';
import type { Attempt } from './attempt.ts';
import type { Deliveries } from './deliveries.ts';
import { NO_PROFILE, type Profile } from './profile.ts';
import type { Spent } from './rollout.ts';
import type { Rule } from './rules.ts';

/** What a device asks, and the number of the key ring that it has; `undefined`: it has none, and believes the server. */
export interface Question extends Identity {
  readonly keyRing?: number | undefined;
}

export type Access = 'default' | 'blocked' | 'allowed';

/**
 * What a device said of itself, as it is kept: at most so many characters each, control characters replaced; unknown parts
 * are empty.
 */
export interface Device {
  /** The project's name; empty where no project has the key. */
  readonly project: string;
  /** 128. */
  readonly firmwareName: string;
  readonly idKind: IdKind;
  /** 128; of a registered device as it was sent. */
  readonly id: string;
  /** 64. */
  readonly version: string;
}

/** What is known of a device with one firmware, once it has asked. */
export interface Known {
  /** Milliseconds since 1970. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** Questions, resumes not counted. */
  readonly asked: number;
  /** The rule that answered last. */
  readonly rule: Rule;
  readonly deliveries: Deliveries | undefined;
  /** The last one. */
  readonly attempt: Attempt | undefined;
  readonly spent: Spent | undefined;
  /** The number of the key ring that it told last; 0: none. */
  readonly keyRing: number;
}

/** What a decision depends on besides the question, the plan and the moment. */
export interface Circumstances {
  readonly access: Access;
  /** Whether there is room for another device. */
  readonly hasRoom: boolean;
  /** `undefined`: it has not asked before. */
  readonly known: Known | undefined;
  readonly profile: Profile;
}

/** A device of which nothing is known, where there is room for it. */
export const STRANGER: Circumstances = { access: 'default', hasRoom: true, known: undefined, profile: NO_PROFILE };

const USABLE_ID = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;

/** Whether a device can be told from others by this: 1 to 128 UTF-16 units of what can be seen. */
export function isUsableId(id: string): boolean {
  return id.length <= 128 && USABLE_ID.test(id);
}

/** Most texts are so. */
const PLAIN = /^[\x20-\x7e]*$/;
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** What may be stored and shown of a device's words: so many characters, none of which is invisible or moves a terminal's cursor. */
export function printable(text: string, limit: number): string {
  if (text.length <= limit && PLAIN.test(text)) return text;
  return text.slice(0, limit).replace(INVISIBLE, '\ufffd');
}
