import { isOrderedVersion } from './catalogue.ts';
import { FotaServerError } from './errors.ts';

/** What an operator says of a device, whatever firmware it asks for. */
export interface Profile {
  /** Each once, in the order of their letters. */
  readonly labels: readonly string[];
  /** For people. */
  readonly note: string;
  readonly pin: Pin | undefined;
}

/** The only version that a device may get. */
export interface Pin {
  readonly version: string;
  /** Also where the device runs a higher one. */
  readonly mayDowngrade: boolean;
}

/** Of most devices nothing is said. */
export const NO_PROFILE: Profile = { labels: [], note: '', pin: undefined };

/** What is to be said of a device; what is left out stays as it was. */
export interface ProfileChange {
  /** Instead of those that it has. */
  readonly labels?: readonly string[] | undefined;
  readonly addLabels?: readonly string[] | undefined;
  readonly removeLabels?: readonly string[] | undefined;
  /** Empty: none. */
  readonly note?: string | undefined;
  /** `null`: none. */
  readonly pin?: Pin | null | undefined;
}

export const MOST_LABELS = 32;
const LABEL_LIMIT = 64;
const LABEL = /^[^\p{C}\p{Z}\s,"'“”‘’]+$/u;
const NOTE_LIMIT = 2_000;
/** But for tabs and the ends of lines. */
const CONTROL = /[^\P{C}\t\n\r]/u;

/**
 * The profile after a change; the same one where nothing changes. Labels are removed before others are added.
 * @throws FotaServerError `label-invalid`, `labels-too-many`, `note-invalid`, `version-invalid`
 */
export function changedProfile(before: Profile, change: ProfileChange): Profile {
  const { labels: instead, addLabels = [], removeLabels = [], note, pin } = change;
  const after: Profile = {
    labels: changedLabels(instead ?? before.labels, addLabels, removeLabels),
    note: note === undefined ? before.note : checkNote(note),
    pin: pin === undefined ? before.pin : checkPin(pin),
  };
  if (isSame(before, after)) return before;
  return isSame(NO_PROFILE, after) ? NO_PROFILE : after;
}

function changedLabels(before: readonly string[], added: readonly string[], removed: readonly string[]): string[] {
  const labels = new Set(before.map(checkLabel));
  for (const label of removed) labels.delete(label);
  for (const label of added) labels.add(checkLabel(label));
  if (labels.size <= MOST_LABELS) return [...labels].sort();
  throw new FotaServerError('labels-too-many', `the device would have ${labels.size} labels`);
}

function checkLabel(label: string): string {
  if (label.length <= LABEL_LIMIT && LABEL.test(label)) return label;
  throw new FotaServerError('label-invalid', `${JSON.stringify(label.slice(0, LABEL_LIMIT))} is no label`);
}

/** @throws FotaServerError `note-invalid` */
export function checkNote(note: string): string {
  if (note.length > NOTE_LIMIT) throw new FotaServerError('note-invalid', `the note has ${note.length} characters`);
  if (!CONTROL.test(note)) return note;
  throw new FotaServerError('note-invalid', 'the note holds control characters');
}

function checkPin(pin: Pin | null): Pin | undefined {
  if (pin === null) return undefined;
  if (isOrderedVersion(pin.version)) return { version: pin.version, mayDowngrade: pin.mayDowngrade };
  throw new FotaServerError('version-invalid', `"${pin.version.slice(0, 64)}" is not a version such as 1.4.0`);
}

function isSame(one: Profile, other: Profile): boolean {
  return (
    one.note === other.note &&
    one.pin?.version === other.pin?.version &&
    one.pin?.mayDowngrade === other.pin?.mayDowngrade &&
    one.labels.length === other.labels.length &&
    one.labels.every((label, place) => label === other.labels[place])
  );
}
