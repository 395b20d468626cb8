import type { Project, Release, ReleasePackage, ReleaseState } from '../../domain/catalogue.ts';
import { FotaServerError } from '../../domain/errors.ts';
import { type DatedEvent, releaseEvents } from '../../domain/event.ts';
import type { CatalogueStore } from '../../ports.ts';

/** Projects and releases in memory, for tests and simulations. What they keep is gone with them. */
export function memoryCatalogue(tell: (event: DatedEvent) => unknown = () => undefined): CatalogueStore {
  const projects = new Map<string, Project>();
  const releases = new Map<number, Release>();

  const keepProject = (project: Project): void => {
    const keys = new Set(keysOf(project));
    for (const other of projects.values()) {
      if (other.name === project.name || keysOf(other).every((key) => !keys.has(key))) continue;
      throw new FotaServerError('project-exists', `the project "${other.name}" has this key`);
    }
    projects.set(project.name, project);
  };

  const keepRelease = (release: Release): Release => {
    for (const event of releaseEvents(releases.get(release.id), release)) tell(event);
    releases.set(release.id, release);
    return release;
  };

  return {
    projects: async () => [...projects.values()],
    releases: async () => [...releases.values()],

    async addProject(project) {
      if (projects.has(project.name)) {
        throw new FotaServerError('project-exists', `a project named "${project.name}" exists`);
      }
      keepProject(project);
    },

    updateProject: async (project) => keepProject(project),

    addRelease: async (release) =>
      keepRelease({ ...release, id: releases.size + 1, packages: bySource(release.packages) }),

    addPackage: async (release, added, publishedAt) =>
      keepRelease({
        ...release,
        ...(publishedAt !== undefined && { state: 'published', publishedAt }),
        packages: bySource([...release.packages, added]),
      }),

    setSignature: async (release, source, signature) => keepRelease(withSignature(release, source, signature)),
    setState: async (release, state, at) => keepRelease({ ...release, state, ...timeOf(state, at) }),
    setFloor: async (release, isFloor) => keepRelease({ ...release, isFloor }),
  };
}

function keysOf({ key, formerKeys }: Project): string[] {
  return [key, ...formerKeys];
}

function withSignature(release: Release, source: string, signature: string): Release {
  const packages = release.packages.map((one) => (one.source === source ? { ...one, signature } : one));
  return { ...release, packages };
}

function bySource(packages: readonly ReleasePackage[]): ReleasePackage[] {
  return packages.toSorted((a, b) => (a.source < b.source ? -1 : 1));
}

function timeOf(state: ReleaseState, at: number): Partial<Pick<Release, 'publishedAt' | 'withdrawnAt'>> {
  if (state === 'published') return { publishedAt: at };
  return state === 'withdrawn' ? { withdrawnAt: at } : {};
}
