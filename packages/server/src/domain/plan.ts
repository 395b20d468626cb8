import { compareVersions } from '@libfota2/protocol';
import type { Project, Release } from './catalogue.ts';

/** What is on offer: by project key and firmware name the release that devices should run. */
export type Plan = ReadonlyMap<string, ReadonlyMap<string, Release>>;

/** The plan that offers the highest version of each firmware. */
export function planOf(projects: readonly Project[], releases: readonly Release[]): Plan {
  return releases.reduce(withRelease, projects.reduce(withProject, new Map()));
}

export function withProject(plan: Plan, project: Project): Plan {
  return new Map(plan).set(project.key, plan.get(project.key) ?? new Map());
}

/** A release of an unknown project, or one that is not the highest, changes nothing. */
export function withRelease(plan: Plan, release: Release): Plan {
  const firmwares = plan.get(release.projectKey);
  const highest = firmwares?.get(release.firmwareName);
  if (firmwares === undefined) return plan;
  if (highest !== undefined && compareVersions(highest.version, release.version) >= 0) return plan;
  return new Map(plan).set(release.projectKey, new Map(firmwares).set(release.firmwareName, release));
}
