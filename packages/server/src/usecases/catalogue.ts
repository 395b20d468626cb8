import { checkProject, checkReleaseName, type Project, type Release } from '../domain/catalogue.ts';
import { FotaServerError } from '../domain/errors.ts';
import { type Plan, planOf, withProject, withRelease } from '../domain/plan.ts';
import type { CatalogueStore, Now, PackageStore } from '../ports.ts';

/** What `publish` takes. */
export interface Publication {
  readonly projectKey: string;
  readonly firmwareName: string;
  readonly version: string;
  readonly bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** The operator's side: what exists, and the plan that follows from it. */
export interface Catalogue {
  /** The plan of this moment, kept in memory: deciding reads no database. */
  plan(): Plan;
  projects(): Promise<readonly Project[]>;
  releases(): Promise<readonly Release[]>;
  createProject(name: string, key?: string): Promise<Project>;
  publish(publication: Publication): Promise<Release>;
}

/** Opens the catalogue and makes the plan. */
export async function openCatalogue(ports: {
  readonly store: CatalogueStore;
  readonly packages: PackageStore;
  readonly now: Now;
  /** 32 characters that nobody can guess. */
  readonly newKey: () => string;
}): Promise<Catalogue> {
  const { store, packages, now } = ports;
  let plan = planOf(await store.projects(), await store.releases());

  return {
    plan: () => plan,
    projects: () => store.projects(),
    releases: () => store.releases(),

    async createProject(name, key = ports.newKey()) {
      const project = checkProject({ name, key });
      await store.addProject(project, now());
      plan = withProject(plan, project);
      return project;
    },

    async publish({ projectKey, firmwareName, version, bytes }) {
      checkReleaseName(firmwareName, version);
      if (!plan.has(projectKey)) throw new FotaServerError('project-unknown', `no project has the key "${projectKey}"`);
      const stored = await packages.put(bytes);
      const wanted = { projectKey, firmwareName, version, ...stored, publishedAt: now() };
      const release = await store.addRelease(wanted);
      if (release.sha256 !== stored.sha256) {
        throw new FotaServerError(
          'release-exists',
          `${firmwareName} ${release.version} is published with other bytes (sha256 ${release.sha256.slice(0, 12)}…)`,
        );
      }
      plan = withRelease(plan, release);
      return release;
    },
  };
}
