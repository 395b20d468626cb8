import type { RefusalCode } from '@libfota2/protocol';

/** The rules in the order in which they are asked; the first that applies decides. */
export const RULES = [
  'id-missing',
  'project-unknown',
  'blocked',
  'unregistered',
  'firmware-unknown',
  'version-unreadable',
  'nothing-published',
  'pinned',
  'held-back',
  'newest',
  'floor',
  'base-missing',
  'untrusted',
  'not-targeted',
  'rollout-aborted',
  'rollout-scheduled',
  'later-wave',
  'rollout-paused',
  'outside-window',
  'rolled-back',
  'upgrade-loop',
  'stopped',
  'limit',
  'older-release',
  'newer-release',
] as const;
export type Rule = (typeof RULES)[number];

/** Rules by which a device gets a package. */
export type GrantingRule = 'older-release' | 'newer-release';
export type RefusingRule = Exclude<Rule, GrantingRule>;

/** By rule the code of the platform (docs/protocol.md §6), and for people why there is no upgrade. */
export const REFUSED_BY: Readonly<Record<RefusingRule, readonly [code: RefusalCode, msg: string]>> = {
  'id-missing': [3, 'invalid device: no usable id (imei, mac, uid) in the request'],
  'project-unknown': [25, 'invalid project: unknown project_key'],
  blocked: [21, 'upgrade not allowed: the operator blocked this device'],
  unregistered: [17, 'no permission: this device is not registered in the project'],
  'firmware-unknown': [26, 'invalid firmware: the project has no release of this firmware_name'],
  'version-unreadable': [27, 'no upgrade: the version is not made of numbers and dots'],
  'nothing-published': [27, 'no upgrade: every release of this firmware is withdrawn'],
  pinned: [27, 'no upgrade: the operator pinned this device to a version'],
  'held-back': [27, 'no upgrade: a rollout keeps this device on its version'],
  newest: [27, 'already the newest'],
  floor: [27, 'no upgrade: the release that this device must pass through is not on offer'],
  'base-missing': [44, 'base version missing: no package fits the core that this device runs'],
  untrusted: [27, 'no upgrade: the signature of the release is not one that this device takes'],
  'not-targeted': [27, 'no upgrade: no rollout is for this device'],
  'rollout-aborted': [27, 'no upgrade: the rollout was aborted'],
  'rollout-scheduled': [27, 'no upgrade yet: the rollout has not begun'],
  'later-wave': [27, 'no upgrade yet: this device is in a later wave'],
  'rollout-paused': [27, 'no upgrade yet: the rollout is paused'],
  'outside-window': [27, 'no upgrade now: the rollout offers at other hours'],
  'rolled-back': [40, 'upgrade loop: this device went back from the release, held until the operator allows it'],
  'upgrade-loop': [40, 'upgrade loop: sent too often without a new version, held until the operator allows it'],
  stopped: [27, 'no upgrade now: the operator stopped all upgrades'],
  limit: [43, 'please wait: as much is being downloaded as may be'],
};
