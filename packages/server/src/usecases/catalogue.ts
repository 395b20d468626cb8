import {
  checkKey,
  checkProjectName,
  isLive,
  type Package,
  type Project,
  type Release,
  unknownProject,
  unknownRelease,
  withdrawnRelease,
} from '../domain/catalogue.ts';
import { FotaServerError } from '../domain/errors.ts';
import { type CheckedPublication, checkPublication, judgePublication, remarksOn } from '../domain/publication.ts';
import {
  checkBytes,
  checkNewer,
  type RingListing,
  readSigned,
  ringListing,
  type WantedRing,
  withRing,
} from '../domain/trust.ts';
import type { Proving } from '../ports/trust.ts';
import type { CatalogueStore, Now, PackageStore } from '../ports.ts';
import type { NewProject, Publication, Published, ReleaseFilter } from './operator.ts';
import { packageDigest } from './package-digest.ts';

/** Projects and releases, in memory and in the store. One change at a time. */
export interface Catalogue {
  projects(): readonly Project[];
  project(name: string): Project;
  createProject(wanted: NewProject): Promise<Project>;
  updateProject(name: string, change: Partial<Pick<Project, 'registration' | 'refusals'>>): Promise<Project>;
  rotateKey(name: string, key: string | undefined): Promise<Project>;
  revokeKey(name: string, key: string): Promise<Project>;
  keyRing(name: string): RingListing;
  setKeyRing(name: string, wanted: WantedRing): Promise<RingListing>;
  releases(filter: ReleaseFilter): readonly Release[];
  release(id: number): Release;
  publish(publication: Publication): Promise<Published>;
  publishDraft(id: number): Promise<Release>;
  /**
   * Makes something of a live release in its turn; `work` is given the release where it is a draft, and publishes it in
   * the same write, as of `at`. @throws FotaServerError `release-unknown`, `release-withdrawn`; whatever `work` throws
   */
  publishWith<T>(id: number, work: (draft: Release | undefined, at: number) => Promise<T>): Promise<T>;
  withdraw(id: number): Promise<Release>;
  setFloor(id: number, isFloor: boolean): Promise<Release>;
}

export async function openCatalogue(ports: {
  readonly store: CatalogueStore;
  readonly now: Now;
  /** 32 characters that nobody can guess. */
  readonly newKey: () => string;
  /** The SHA-256 of a text in lower-case hex. */
  readonly sha256: (text: string) => string;
  readonly proving: Proving;
  /** Of packages, to prove what was signed. */
  readonly open: PackageStore['open'];
  /** Told of each change: plans must be made anew. */
  readonly onChanged: () => void;
}): Promise<Catalogue> {
  const { store, now, newKey, sha256: hashOf, proving, open, onChanged } = ports;
  const projects = new Map((await store.projects()).map((project) => [project.name, project]));
  const releases = new Map((await store.releases()).map((release) => [release.id, release]));
  /** Those that hold as withdrawn while that is being written, and since when. */
  const halted = new Map<number, number>();
  let last: Promise<unknown> = Promise.resolve();

  /** What one change has read must still be true when it writes. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };

  const project = (name: string): Project => {
    const found = projects.get(name);
    if (found !== undefined) return found;
    throw unknownProject(name);
  };

  /** As it is on the disk. */
  const stored = (id: number): Release => {
    const found = releases.get(id);
    if (found !== undefined) return found;
    throw unknownRelease(id);
  };

  const shown = (one: Release): Release => {
    const withdrawnAt = one.state === 'withdrawn' ? undefined : halted.get(one.id);
    return withdrawnAt === undefined ? one : { ...one, state: 'withdrawn', withdrawnAt };
  };

  const release = (id: number): Release => shown(stored(id));

  const keepProject = (kept: Project): Project => {
    projects.set(kept.name, kept);
    onChanged();
    return kept;
  };

  const keepRelease = (kept: Release): Release => {
    releases.set(kept.id, kept);
    onChanged();
    return kept;
  };

  const listing = (owner: Project): RingListing => ringListing(owner, [...releases.values()], proving, now());

  const change = (name: string, changed: (before: Project) => Project): Promise<Project> =>
    inTurn(async () => {
      const after = changed(project(name));
      await store.updateProject(after);
      return keepProject(after);
    });

  const blake2b512 = (wanted: Package): Promise<Uint8Array> => packageDigest(wanted, { open, proving });

  /** With a key ring nothing is published that its devices would refuse: a draft may be older than the ring. */
  const checkSigned = async ({ project: name, packages }: Release): Promise<void> => {
    for (const one of packages) {
      const signed = readSigned(one.signature, project(name), proving, now());
      if (signed?.signer !== undefined) checkBytes(signed, await blake2b512(one), proving);
    }
  };

  const publishNow = async (draft: Release): Promise<Release> => {
    await checkSigned(draft);
    return store.setState(draft, 'published', now());
  };

  const checked = ({ intake, project: name, signature, ...wanted }: Publication) => {
    const { sha256, size, fileName, inspection } = intake;
    const { firmwareName, version, core, source, notes = '', despiteContradictions = false } = wanted;
    const owner = project(name);
    const signed = readSigned(signature, owner, proving, now());
    const facts = checkPublication({
      project: owner,
      projectKeysSha256: [owner.key, ...owner.formerKeys].map(hashOf),
      package: { sha256, size },
      fileName,
      inspection,
      signed,
      firmwareName,
      version,
      core,
      source,
      notes,
      despiteContradictions,
    });
    return { facts, signed };
  };

  /** The same was published before: it may have been a draft, or have had another signature or none. */
  const settleSame = async (
    { added }: CheckedPublication,
    same: Release,
    isDraft: boolean,
  ): Promise<Omit<Published, 'warnings'>> => {
    const before = same.packages.find(({ source }) => source === added.source);
    const isSigned = added.signature !== undefined && added.signature !== before?.signature;
    if (isSigned) checkNewer(added.signature, before?.signature, project(same.project), proving);
    const signed = isSigned ? keepRelease(await store.setSignature(same, added.source, added.signature)) : same;
    if (isDraft || same.state === 'published') return { release: signed, isNew: isSigned };
    return { release: keepRelease(await publishNow(signed)), isNew: true };
  };

  const settle = async (
    facts: CheckedPublication,
    { draft: isDraft = false, floor: isFloor = false }: Publication,
  ): Promise<Published> => {
    const verdict = judgePublication(facts, [...releases.values()]);
    const { names, added } = facts;
    const warnings = [...facts.warnings, ...remarksOn({ notes: facts.notes, isDraft, isFloor }, verdict)];
    if (verdict.kind === 'same') return { ...(await settleSame(facts, verdict.release, isDraft)), warnings };
    if (verdict.kind === 'another-source') {
      if (isDraft && verdict.release.state === 'published') {
        throw new FotaServerError(
          'release-published',
          `${names.firmwareName} ${verdict.release.version} is published: a package that joins it is heard of at once`,
        );
      }
      const isHeld = isDraft || verdict.release.state === 'published';
      if (!isHeld) await checkSigned(verdict.release);
      // In one write: a publication that fails has not let its package join.
      const grown = await store.addPackage(verdict.release, added, isHeld ? undefined : now());
      return { release: keepRelease(grown), isNew: true, warnings };
    }
    const at = now();
    const made = await store.addRelease({
      ...names,
      project: facts.project.name,
      state: isDraft ? 'draft' : 'published',
      notes: facts.notes,
      isFloor,
      packages: [added],
      createdAt: at,
      publishedAt: isDraft ? undefined : at,
      withdrawnAt: undefined,
    });
    return { release: keepRelease(made), isNew: true, warnings };
  };

  return {
    projects: () => [...projects.values()],
    project,

    createProject: ({ name, key = newKey(), registration = 'open', refusals = 'json' }) =>
      inTurn(async () => {
        const wanted = { name: checkProjectName(name), key: checkKey(key), formerKeys: [], registration, refusals };
        const created = { ...wanted, createdAt: now() };
        await store.addProject(created);
        return keepProject(created);
      }),

    updateProject: (name, { registration, refusals }) =>
      change(name, (before) => ({
        ...before,
        registration: registration ?? before.registration,
        refusals: refusals ?? before.refusals,
      })),

    rotateKey: (name, key = newKey()) =>
      change(name, (before) => {
        const formerKeys = [before.key, ...before.formerKeys.filter((former) => former !== key)];
        if (key !== before.key) return { ...before, key: checkKey(key), formerKeys };
        throw new FotaServerError('project-exists', `"${name}" has this key already`);
      }),

    revokeKey: (name, key) =>
      change(name, (before) => {
        if (before.formerKeys.includes(key)) {
          return { ...before, formerKeys: before.formerKeys.filter((former) => former !== key) };
        }
        throw new FotaServerError(
          'key-unknown',
          key === before.key
            ? `this is the present key of "${name}": rotate it first`
            : `"${name}" has no former key that is ${key.length > 8 ? `${key.slice(0, 8)}…` : key}`,
        );
      }),

    keyRing: (name) => listing(project(name)),

    setKeyRing: (name, wanted) =>
      inTurn(async () => {
        const before = project(name);
        const after = withRing(before, wanted, proving);
        if (after !== before) await store.updateProject(after);
        return listing(after === before ? before : keepProject(after));
      }),

    releases: ({ project: wanted, firmwareName, state }) =>
      [...releases.values()]
        .map(shown)
        .filter(
          (one) =>
            (wanted === undefined || one.project === wanted) &&
            (firmwareName === undefined || one.firmwareName === firmwareName) &&
            (state === undefined || one.state === state),
        )
        .reverse(),
    release,

    async publish(publication) {
      // Before its turn: a large package delays nobody else's change. Of what is refused anyway nothing is read.
      const digest =
        checked(publication).signed?.signer === undefined ? undefined : await blake2b512(publication.intake);
      return inTurn(async () => {
        const { facts, signed } = checked(publication);
        // A ring that came meanwhile.
        if (signed?.signer !== undefined) checkBytes(signed, digest ?? (await blake2b512(publication.intake)), proving);
        return settle(facts, publication);
      });
    },

    publishDraft: (id) =>
      inTurn(async () => {
        const draft = release(id);
        if (draft.state === 'published') return draft;
        if (isLive(draft)) return keepRelease(await publishNow(draft));
        throw withdrawnRelease(draft);
      }),

    publishWith: (id, work) =>
      inTurn(async () => {
        const known = release(id);
        if (!isLive(known)) throw withdrawnRelease(known);
        const at = now();
        const isDraft = known.state === 'draft';
        if (isDraft) await checkSigned(known);
        const made = await work(isDraft ? known : undefined, at);
        if (isDraft) keepRelease({ ...known, state: 'published', publishedAt: at });
        return made;
      }),

    async withdraw(id) {
      if (release(id).state === 'withdrawn') return inTurn(async () => stored(id));
      const at = now();
      // What halts does not wait for its turn, and holds while it is written.
      halted.set(id, at);
      onChanged();
      try {
        return await inTurn(async () => keepRelease(await store.setState(stored(id), 'withdrawn', at)));
      } finally {
        halted.delete(id);
        onChanged();
      }
    },

    setFloor: (id, isFloor) =>
      inTurn(async () => {
        const known = stored(id);
        return known.isFloor === isFloor ? known : keepRelease(await store.setFloor(known, isFloor));
      }),
  };
}
