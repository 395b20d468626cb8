/** Who asks for something on the operator's side, and what that one may do. */
import { unknownProject } from './catalogue.ts';
import { FotaServerError } from './errors.ts';

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'publisher', 'operator', 'admin'] as const;

/**
 * `viewer` looks; `publisher` brings packages and releases; `operator` steers who gets them: devices and rollouts; `admin`
 * does the rest: projects and their keys, tokens, users, the audit log.
 */
export type Role = (typeof ROLES)[number];

/** The projects that somebody sees. Nobody else's are there for them. */
export type Projects = 'all' | readonly string[];

/** What somebody may do, and where. */
export interface Grant {
  readonly role: Role;
  readonly projects: Projects;
}

/** One who asks: a program with a token, a user with a session, or whoever may open the local socket. */
export interface Principal extends Grant {
  readonly kind: 'local' | 'token' | 'user';
  /** Stays with it; of its kind only. */
  readonly id: string;
  /** For people. */
  readonly name: string;
}

/** Projects that a grant can name. */
const MAX_PROJECTS = 100;

/** Whoever may open the socket in the data folder could change the database as well: nothing is kept from them. */
export const LOCAL: Principal = { kind: 'local', id: 'local', name: 'local', role: 'admin', projects: 'all' };

/** Whether `role` may do what takes the role `needed`. */
export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Whether a project is there for one with these projects. */
export function sees({ projects }: Pick<Grant, 'projects'>, project: string): boolean {
  return projects === 'all' || projects.includes(project);
}

/** The one of its kind and id, as a word: what it began is known by it. */
export function ownerOf({ kind, id }: Pick<Principal, 'kind' | 'id'>): string {
  return `${kind}:${id}`;
}

/** Whether a text is what {@link ownerOf} gives, and no name. */
export function isOwner(text: string): boolean {
  return /^(?:local|token|user):/.test(text);
}

/** Whether what `owner` began is there for this one: it is for its owner, and for who may do everything. */
export function mayTouch(principal: Principal, owner: string): boolean {
  return ownerOf(principal) === owner || (principal.role === 'admin' && principal.projects === 'all');
}

/**
 * A grant that can be given: its projects are there, each named once.
 * @throws FotaServerError `grant-invalid`, `project-unknown`
 */
export function checkGrant({ role, projects }: Grant, exists: (project: string) => boolean): Grant {
  if (projects === 'all') return { role, projects };
  const distinct = [...new Set(projects)];
  if (distinct.length === 0 || distinct.length > MAX_PROJECTS) {
    throw new FotaServerError('grant-invalid', `a grant is for all projects, or for 1 to ${MAX_PROJECTS} of them`);
  }
  for (const project of distinct) if (!exists(project)) throw unknownProject(project);
  return { role, projects: distinct };
}
