import { FotaServerError } from './errors.ts';

/** Owns firmware names and releases; its key is what devices send as `project_key`. */
export interface Project {
  /** 32 letters and digits; unique. */
  readonly key: string;
  /** 1 to 64 printable characters; unique. */
  readonly name: string;
}

/** Bytes that are stored by what they are. */
export interface Package {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Bytes, at least 1. */
  readonly size: number;
}

/** One published version of a firmware. Never changes once published. */
export interface Release extends Package {
  readonly projectKey: string;
  readonly firmwareName: string;
  /** Numbers with dots between them, as published. */
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly publishedAt: number;
}

const PROJECT_KEY = /^[A-Za-z0-9]{32}$/;
const VERSION = /^\d{1,10}(?:\.\d{1,10}){0,5}$/;
// Control characters, unpaired surrogates and outer spaces: invisible differences between names that look the same.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|^\s|\s$/u;

/** Whether devices of every generation order this version alike: one to six numbers with dots between them. */
export function isOrderedVersion(version: string): boolean {
  return VERSION.test(version);
}

/** One text for all spellings of a version that compare as equal: `01.0.0` and `1` are the same version. */
export function canonicalVersion(version: string): string {
  const parts = version.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (parts.length > 1 && parts.at(-1) === '0') parts.pop();
  return parts.join('.');
}

/** @throws FotaServerError `name-invalid`, `key-invalid` */
export function checkProject(project: Project): Project {
  checkName('project', project.name, 64);
  if (PROJECT_KEY.test(project.key)) return project;
  throw new FotaServerError('key-invalid', `a project key has 32 letters and digits, this one is "${project.key}"`);
}

/** @throws FotaServerError `name-invalid`, `version-invalid` */
export function checkReleaseName(firmwareName: string, version: string): void {
  checkName('firmware', firmwareName, 128);
  if (isOrderedVersion(version)) return;
  throw new FotaServerError('version-invalid', `"${version}" is not a version such as 1.4.0`);
}

function checkName(what: string, name: string, limit: number): void {
  if (name !== '' && name.length <= limit && !UNPRINTABLE.test(name)) return;
  throw new FotaServerError('name-invalid', `${JSON.stringify(name.slice(0, limit))} is no name for a ${what}`);
}
