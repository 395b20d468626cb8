import type { Release } from './catalogue.ts';

/** Every type of event, and what it tells. docs/events.md says the same, and a test holds the two together. */
export const EVENTS = {
  'release.published': 'Devices hear of a release, or of a further package of it, from now on.',
  'release.withdrawn': 'Devices hear of a release no more.',
  'release.expiring': 'A release on offer may be taken for 14 more days at most: its signature says until when.',
  'release.expired': 'The time of a release on offer has ended: devices with a key ring take it no more.',
  'rollout.created': 'A rollout was made.',
  'rollout.started': 'A rollout offers its release from now on.',
  'rollout.advanced': 'A rollout has come to its next wave.',
  'rollout.paused': 'A rollout offers nothing more until it is resumed; the reason says why.',
  'rollout.resumed': 'A rollout that was paused goes on.',
  'rollout.complete': 'A rollout has reached all that it was for.',
  'rollout.aborted': 'A rollout was ended for good.',
  'attempt.confirmed': 'A device told the version that it was sent.',
  'attempt.failed': 'A device took a whole package and told its old version again, or reported that it failed.',
  'attempt.rolled-back': 'A device told the new version, and an older one afterwards.',
  'attempt.silent': 'A device took a package and was not heard of in time.',
  'device.held': 'A device took the same package too often without changing its version: it gets code 40.',
  'device.access': 'An operator blocked or allowed a device, or took the word back.',
  'stop.on': 'Nobody is offered anything until the global stop is lifted.',
  'stop.off': 'The global stop was lifted.',
  'webhook.test': 'A webhook is tried. Nobody but its receiver hears of it, and its number is 0.',
  problem: 'Something went wrong inside the server, or needs its operator.',
} as const;

export type EventType = keyof typeof EVENTS;

/** What an event tells besides its type: what does not apply is left out. */
export interface EventData {
  /** Number of the release. */
  readonly release?: number | undefined;
  /** Of the release, as its maker calls it; of a device that is held, what it tells. */
  readonly version?: string | undefined;
  readonly firmwareName?: string | undefined;
  /** Number of the rollout. */
  readonly rollout?: number | undefined;
  /** Of a rollout; the first is 1. */
  readonly wave?: number | undefined;
  /** Id of the device. */
  readonly device?: string | undefined;
  /** Of `device.access`: blocked, allowed, default. */
  readonly access?: string | undefined;
  /** How many it is about, where they are several. */
  readonly count?: number | undefined;
  /** Of docs/errors.md, or what a device reported. */
  readonly code?: string | undefined;
  /** For people: a sentence. */
  readonly reason?: string | undefined;
}

export interface NewEvent {
  readonly type: EventType;
  /** The project's name; `undefined` where it is about the whole server. */
  readonly project: string | undefined;
  readonly data: EventData;
}

export interface DatedEvent extends NewEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface StoredEvent extends DatedEvent {
  /** Grows with each event, and is never used again. */
  readonly id: number;
}

/** What somebody wants to hear of. */
export interface EventFilter {
  /** Only of these projects; events about the whole server are for everybody. Default: of all. */
  readonly projects?: readonly string[] | undefined;
  /**
   * The projects that they see at all. Of the whole server they hear whether it offers anything, not what goes wrong in it.
   * Default: all.
   */
  readonly within?: readonly string[] | undefined;
  /** Only of these types, or of these families: `rollout` is every `rollout.…`. Default: all. */
  readonly types?: readonly string[] | undefined;
}

export function isWanted({ projects, within, types }: EventFilter, { project, type }: NewEvent): boolean {
  const isSeen = within === undefined || (project === undefined ? type !== 'problem' : within.includes(project));
  return (
    isSeen &&
    (projects === undefined || project === undefined || projects.includes(project)) &&
    (types === undefined || types.some((wanted) => wanted === type || type.startsWith(`${wanted}.`)))
  );
}

/** What `types` of a filter takes: every type, and every family of them. */
export function eventTypes(): string[] {
  const types = Object.keys(EVENTS);
  const families = types.filter((type) => type.includes('.')).map((type) => type.slice(0, type.indexOf('.')));
  return [...new Set([...families, ...types])];
}

/** What there is to tell when a release has become another; `before`: `undefined` where there was none. */
export function releaseEvents(before: Release | undefined, after: Release): DatedEvent[] {
  const { id: release, project, firmwareName, version, state, packages, publishedAt, withdrawnAt } = after;
  const data = { release, version, firmwareName };
  if (state === 'withdrawn') {
    const isNews = before?.state !== 'withdrawn';
    return isNews ? [{ type: 'release.withdrawn', project, data, at: withdrawnAt ?? after.createdAt }] : [];
  }
  const isNews = before?.state !== state || before.packages.length !== packages.length;
  if (state === 'draft' || !isNews) return [];
  return [{ type: 'release.published', project, data, at: publishedAt ?? after.createdAt }];
}
