/** What devices go through while their power is cut. */
import type { Tree } from '@libfota2/testkit';
import type { Outcome } from 'libfota2/core';
import { type Device, deviceOn, type Ground, interrupted, launchOn, type Release, release } from './device.ts';
import type { Kind } from './kinds.ts';

/** What the device was told so far, and may rely on whatever happens. */
export interface Promised {
  /** Versions of which one is started next. None: nothing was installed yet. */
  mayRun: readonly string[];
  /** And it is not on trial. */
  isSettled: boolean;
  /** Serial of the key ring. */
  ring: number;
  /** Version below which nothing is taken. */
  floor?: string | undefined;
  /** Version that was given up. */
  gaveUp?: string | undefined;
}

/** A device under way. */
export interface Course extends Ground {
  readonly promised: Promised;
}

export interface Scenario {
  readonly name: string;
  readonly kind: Kind;
  readonly start: Tree;
  /** What holds at the start. */
  readonly promised: Promised;
  /** Ends by throwing where something did not come about: then the rest would be another story. */
  run(course: Course): Promise<void>;
  /** What the device is to have at last, and what comes after it. */
  readonly goal: Release;
  readonly next: Release;
  /** All versions that were ever there. */
  readonly known: readonly Release[];
}

/** Installs, and takes what the outcome says for granted. */
export async function upgrade(
  course: Course,
  from: Release | undefined,
  to: Release,
  how: (device: Device) => Promise<Outcome> = (device) => device.upgrade(to),
): Promise<void> {
  const { promised } = course;
  promised.mayRun = from === undefined ? [to.version, 'nothing'] : [from.version, to.version];
  promised.isSettled = false;
  const outcome = await how(deviceOn(course, from));
  if (outcome.result !== 0) throw new Error(`${outcome.code}: ${outcome.message}`);
  promised.mayRun = [to.version];
  promised.isSettled = from === undefined;
  promised.ring = outcome.keyRing?.serial ?? 0;
  const { minimumVersion } = (outcome.kind === 'downloaded' && outcome.manifest) || {};
  promised.floor = minimumVersion ?? promised.floor;
}

/** A start of this version, `trying` where it may be the last one of its trial. */
async function launch(course: Course, starts: Release, trying?: readonly Release[]): Promise<void> {
  const { kind, disk, files, promised } = course;
  if (trying !== undefined) promised.mayRun = trying.map(({ version }) => version);
  const slot = await launchOn(disk, files);
  if (slot === undefined || !kind.holds(disk.tree, slot, starts.content)) {
    throw new Error(`${starts.version} was not started`);
  }
}

export async function confirm(course: Course, running: Release): Promise<void> {
  if (!(await deviceOn(course, running).slots.confirm())) throw new Error('nothing was to be confirmed');
  course.promised.isSettled = true;
}

async function giveUp(course: Course, running: Release, back: Release): Promise<void> {
  const { promised } = course;
  promised.mayRun = [running.version, back.version];
  if (!(await deviceOn(course, running).slots.giveUp())) throw new Error('nothing was to be given up');
  Object.assign(promised, { mayRun: [back.version], isSettled: true, gaveUp: running.version });
}

/** A disk after all of this happened to it, and was synced. */
async function after(kind: Kind, start: Tree, run: (course: Course) => Promise<void>): Promise<Tree> {
  const disk = kind.disk(start);
  await run({ kind, disk, files: disk.files, promised: { mayRun: [], isSettled: false, ring: 0 } });
  return disk.tree;
}

export async function scenarios(kind: Kind): Promise<readonly Scenario[]> {
  const one = await release(kind, '1.0.0');
  const two = await release(kind, '2.0.0', { minimumVersion: '1.5.0' });
  const three = await release(kind, '3.0.0');
  const four = await release(kind, '4.0.0');
  const rotated = await release(kind, '2.1.0', { rotates: true, minimumVersion: '1.2.0' });
  const later = await release(kind, '3.1.0', { rotates: true });
  const known = [one, two, three, four, rotated, later];

  const withOne = await after(kind, kind.empty, async (course) => {
    await upgrade(course, undefined, one);
    await launch(course, one);
  });
  const running: Promised = { mayRun: [one.version], isSettled: true, ring: 0 };
  const onTrial = await after(kind, withOne, (course) => upgrade(course, one, two));
  const trying: Promised = { mayRun: [two.version], isSettled: false, ring: 1, floor: '1.5.0' };
  const common = { kind, start: withOne, promised: running, known, goal: two, next: three };

  return [
    {
      ...common,
      name: 'first install',
      start: kind.empty,
      promised: { ...running, mayRun: ['nothing'], isSettled: false },
      goal: one,
      next: two,
      run: (course) => upgrade(course, undefined, one),
    },
    {
      ...common,
      name: 'full install, start and confirmation',
      async run(course) {
        await upgrade(course, one, two);
        await launch(course, two);
        await confirm(course, two);
        await launch(course, two);
      },
    },
    {
      ...common,
      name: 'install that is cut off and goes on',
      async run(course) {
        await upgrade(course, one, two, async (device) => {
          await interrupted(device, two);
          const outcome = await deviceOn(course, one).upgrade(two);
          if (outcome.kind === 'downloaded' && outcome.resumedFrom === 0) throw new Error('it began anew');
          return outcome;
        });
      },
    },
    {
      ...common,
      name: 'version that gives itself up, and the next one',
      start: onTrial,
      promised: trying,
      goal: three,
      next: four,
      async run(course) {
        await launch(course, two);
        await giveUp(course, two, one);
        await launch(course, one);
        await upgrade(course, one, three);
        await launch(course, three);
        await confirm(course, three);
      },
    },
    {
      ...common,
      name: 'version that falls at its starts, and the next one',
      start: onTrial,
      promised: trying,
      goal: three,
      next: four,
      async run(course) {
        await launch(course, two);
        await launch(course, two);
        await launch(course, one, [two, one]);
        // It is started, too, where that could not be written.
        if ((await deviceOn(course, one).slots.state()).back !== undefined) throw new Error('it was not given up');
        Object.assign(course.promised, { mayRun: [one.version], isSettled: true, gaveUp: two.version });
        await launch(course, one);
        await upgrade(course, one, three);
      },
    },
    {
      ...common,
      name: 'change of keys with an install',
      goal: rotated,
      next: later,
      async run(course) {
        await upgrade(course, one, rotated);
        await launch(course, rotated);
        await confirm(course, rotated);
      },
    },
  ];
}
