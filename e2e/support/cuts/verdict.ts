/** What must hold of every disk that a cut of power leaves. */
import { createHash } from 'node:crypto';
import type { Tree } from '@libfota2/testkit';
import { type BootRecord, newestOf, type Slot } from 'libfota2/slots';
import { deviceOn, launchOn, type Release, release } from './device.ts';
import { HOME } from './kinds.ts';
import { type Course, confirm, type Promised, type Scenario, upgrade } from './scenarios.ts';

/** All versions that there ever were, and what they lie in. */
type Versions = Pick<Scenario, 'kind' | 'known'>;

/** The same for disks on which the same lies. */
export function digestOf(tree: Tree): string {
  const hash = createHash('sha256');
  for (const [path, bytes] of tree) hash.update(`${path}\0${bytes?.length ?? 'folder'}\0`).update(bytes ?? '');
  return hash.digest('base64');
}

/** The version in a slot, if it is complete and nothing else lies there. */
export function versionIn(tree: Tree, slot: Slot, { kind, known }: Versions): Release | undefined {
  return known.find(({ content }) => kind.holds(tree, slot, content));
}

function copiesOn(tree: Tree): readonly [string | undefined, string | undefined] {
  const text = (name: string): string | undefined => tree.get(`${HOME}/${name}`)?.toString('latin1');
  return [text('boot.0'), text('boot.1')];
}

function recordOn(tree: Tree): BootRecord | undefined {
  return newestOf(copiesOn(tree)).record;
}

/** Whichever copy of the record rots, the other one leads to complete versions alone. @throws Error where it does not */
function standsOnEitherCopy(tree: Tree, versions: Versions): void {
  for (const text of copiesOn(tree)) {
    const { run, back } = newestOf([text, undefined]).record ?? {};
    for (const slot of [run, back]) {
      if (slot === undefined || versionIn(tree, slot, versions) !== undefined) continue;
      throw new Error(`one copy of the record alone would lead to something incomplete in ${slot}`);
    }
  }
}

/** What is started next, complete, as it was promised. @throws Error that says what is not so */
export function runsOn(tree: Tree, promised: Promised, versions: Versions): Release | undefined {
  const record = recordOn(tree);
  const version = record && versionIn(tree, record.run, versions);
  const name = record === undefined ? 'nothing' : (version?.version ?? 'something incomplete');
  if (!promised.mayRun.includes(name)) throw new Error(`${name} would be started, and not ${promised.mayRun}`);
  if (promised.isSettled && record?.back !== undefined) throw new Error(`${name} would be on trial`);
  if (record?.back !== undefined && versionIn(tree, record.back, versions) === undefined)
    throw new Error('no way back');
  standsOnEitherCopy(tree, versions);
  return version;
}

/**
 * The device is started on what was left and goes on: what it had learned holds, and it gets the version that it was about to
 * get, and the next.
 * @param watch called with all that a second cut may leave until then
 * @throws Error that says what is not so
 */
export async function goesOn(
  tree: Tree,
  scenario: Scenario,
  promised: Promised,
  watch?: (tree: Tree, promised: Promised) => void,
): Promise<void> {
  const { goal, kind, next } = scenario;
  const disk = kind.disk(tree);
  const course: Course = { kind, disk, files: disk.files, promised: { ...promised } };
  const running = (): Release | undefined => {
    const record = recordOn(disk.tree);
    return record && versionIn(disk.tree, record.run, scenario);
  };
  await start(course, running);
  await holdsWhatItLearned(course, scenario, running());
  if (watch !== undefined) disk.onCut = (cut) => watch(cut.tree, course.promised);
  for (const to of [goal, next]) {
    const from = running();
    if (from !== to) {
      await upgrade(course, from, to);
      await start(course, running);
    }
    if (running() !== to) throw new Error(`${running()?.version} runs, and not ${to.version}`);
    disk.onCut = undefined;
  }
  const parts = [...disk.tree.keys()].filter((path) => path.endsWith('.part'));
  if (parts.length > 0) throw new Error(`left over: ${parts}`);
}

/** Starts, and confirms what is on trial. */
async function start(course: Course, running: () => Release | undefined): Promise<void> {
  const { disk, promised } = course;
  await launchOn(disk);
  const version = running();
  promised.mayRun = [version?.version ?? 'nothing'];
  if (version !== undefined && recordOn(disk.tree)?.back !== undefined) await confirm(course, version);
  promised.isSettled = version !== undefined;
}

async function holdsWhatItLearned(
  course: Course,
  { kind, known }: Scenario,
  running: Release | undefined,
): Promise<void> {
  const { disk, promised } = course;
  const device = deviceOn(course, running);
  if (promised.floor !== undefined) {
    const below = await release(kind, '1.1.0', { downgradeFrom: '9.0.0', rotates: promised.ring > 1 });
    const { code, keyRing } = await device.upgrade(below);
    if (code !== 'manifest-below-floor') throw new Error(`${code}: the floor ${promised.floor} is forgotten`);
    if (promised.ring > 1 && keyRing?.updated !== false) throw new Error(`key ring ${promised.ring} is forgotten`);
  }
  const gaveUp = known.find(({ version }) => version === promised.gaveUp);
  // Once another version stands in its place it is forgotten.
  if (gaveUp === undefined || recordOn(disk.tree)?.fell === undefined) return;
  const { code } = await device.upgrade(gaveUp);
  if (code !== 'image-given-up' && code !== 'no-upgrade') throw new Error(`${code}: ${gaveUp.version} came again`);
}
