import { compareVersions, type Identity } from '@libfota2/protocol';
import { isOrderedVersion, type Release } from './catalogue.ts';
import type { Plan } from './plan.ts';

/** The rules in the order in which they are asked; the first that applies decides. */
const RULES = [
  'id-missing',
  'project-unknown',
  'firmware-unknown',
  'version-unreadable',
  'newest',
  'newer-release',
] as const;

export type Rule = (typeof RULES)[number];

/**
 * What a device said of itself, as it is kept: at most so many characters each, control characters replaced; unknown parts
 * are empty.
 */
export interface Device {
  /** 32. */
  readonly projectKey: string;
  /** 128. */
  readonly firmwareName: string;
  /** 128; of a registered device as it was sent. */
  readonly id: string;
  /** 64. */
  readonly version: string;
}

interface Decided {
  /** The rule that decided. */
  readonly rule: Rule;
  /** All rules that were asked, the deciding one last. */
  readonly trace: readonly Rule[];
  readonly device: Device;
  /** Whether the device belongs to a firmware of ours and is remembered. */
  readonly registered: boolean;
}

export interface Upgrade extends Decided {
  readonly answer: 'upgrade';
  readonly release: Release;
}

export interface Refused extends Decided {
  readonly answer: 'refused';
  /** The platform's code (docs/protocol.md §6). */
  readonly code: 3 | 25 | 26 | 27;
  /** Why, for people. */
  readonly msg: string;
}

export type Decision = Upgrade | Refused;

const USABLE_ID = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;

/**
 * Which release this device gets, or which rule refuses it one. Total: every identity gets a decision.
 * A device whose version has no order is refused, for it would be served the same release again and again.
 */
export function decide(identity: Identity, plan: Plan): Decision {
  const { id = '', projectKey = '', firmwareName = '', version = '' } = identity;
  const device = {
    projectKey: kept(projectKey, 32),
    firmwareName: kept(firmwareName, 128),
    id: kept(id, 128),
    version: kept(version, 64),
  };
  const decided = (rule: Rule) => {
    const place = RULES.indexOf(rule);
    return { rule, trace: RULES.slice(0, place + 1), device, registered: place > RULES.indexOf('firmware-unknown') };
  };
  const refuse = (rule: Rule, code: Refused['code'], msg: string): Refused => ({
    answer: 'refused',
    code,
    msg,
    ...decided(rule),
  });

  if (!USABLE_ID.test(id)) return refuse('id-missing', 3, 'invalid device: no usable imei, mac or uid in the request');
  const project = plan.get(projectKey);
  if (project === undefined) return refuse('project-unknown', 25, 'invalid project: unknown project_key');
  const release = project.get(firmwareName);
  if (release === undefined) {
    return refuse('firmware-unknown', 26, 'invalid firmware: the project has no release of this firmware_name');
  }
  if (!isOrderedVersion(version)) {
    return refuse('version-unreadable', 27, 'no upgrade: the version is not made of numbers and dots');
  }
  if (compareVersions(release.version, version) <= 0) {
    return refuse('newest', 27, `already the newest: the newest release is ${release.version}`);
  }
  return { answer: 'upgrade', release, ...decided('newer-release') };
}

/** What may be stored and shown of a device's words: so many characters, none of which is invisible or moves a terminal's cursor. */
function kept(text: string, limit: number): string {
  return text.slice(0, limit).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
