import { compareVersions } from '@libfota2/protocol';
import { isLive, type Project, type Release } from './catalogue.ts';

/** What is on offer, arranged for deciding. Made anew whenever the catalogue changes, never changed itself. */
export interface Plan {
  /** By every key that is accepted. */
  readonly projects: ReadonlyMap<string, ProjectPlan>;
  /** Deliveries of one package within a day to a device that keeps its version, after which it is held. */
  readonly deliveriesPerDay: number;
}

export interface ProjectPlan {
  readonly project: Project;
  /** By firmware name the published releases, the highest version first; empty where all are withdrawn. */
  readonly firmwares: ReadonlyMap<string, readonly Release[]>;
}

/** The plan of all projects and releases; drafts are not in it. */
export function planOf(projects: readonly Project[], releases: readonly Release[], deliveriesPerDay: number): Plan {
  const plans = projects.map((project) => projectPlan(project, releases));
  const byKey = plans.flatMap((plan) =>
    [plan.project.key, ...plan.project.formerKeys].map((key) => [key, plan] as const),
  );
  return { projects: new Map(byKey), deliveriesPerDay };
}

function projectPlan(project: Project, releases: readonly Release[]): ProjectPlan {
  const firmwares = new Map<string, Release[]>();
  for (const release of releases) {
    if (release.project !== project.name || release.state === 'draft') continue;
    const published = firmwares.get(release.firmwareName) ?? [];
    firmwares.set(release.firmwareName, published);
    if (isLive(release)) published.push(release);
  }
  for (const published of firmwares.values()) {
    published.sort((a, b) => compareVersions(b.wireVersion, a.wireVersion));
  }
  return { project, firmwares };
}
