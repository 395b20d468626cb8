/** Where a fleet asks, and what it is to know: as far as nobody has said so, it is looked up at the server. */
import { compareVersions } from '@libfota2/protocol';
import type { ApiRelease } from '@libfota2/server';
import { deviceUrlSeen } from '../client/addresses.ts';
import type { Client } from '../client/http.ts';
import { chosenProject } from '../commands/choose.ts';
import { CommandError, EXIT } from '../failure.ts';

/** What a fleet needs of a server. */
export interface Place {
  readonly host: string;
  readonly port: number;
  /** What the devices' script asks; `undefined`: the platform. */
  readonly url: string | undefined;
  readonly projectKey: string;
  readonly firmwareName: string;
  /** What devices are to run at first, where nobody has said so: something below the newest release. */
  readonly version: string | undefined;
  /** The version in a package, by its SHA-256. */
  readonly versionOf: ((sha256: string) => Promise<string | undefined>) | undefined;
}

/** What was said of it. */
export interface PlaceWish {
  readonly url: string | undefined;
  readonly projectKey: string | undefined;
  readonly firmwareName: string | undefined;
  readonly project: string | undefined;
  /** The URL of the admin side that was named. */
  readonly server: string | undefined;
}

/** Takes a URL of the device side apart: with a path it is what devices ask, without one only where. */
export function urlParts(url: string): Pick<Place, 'host' | 'port' | 'url'> {
  const bare = url.replace(/^###/, '');
  const parsed = URL.canParse(bare) ? new URL(bare) : undefined;
  if (parsed?.protocol !== 'http:') {
    throw new CommandError('usage', `--url takes what devices ask, such as http://127.0.0.1:8266, not "${url}"`, {
      exitCode: EXIT.usage,
    });
  }
  const isBare = parsed.pathname === '/' && parsed.search === '' && !url.startsWith('###');
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port) || 80,
    url: isBare ? undefined : url,
  };
}

/** @throws CommandError `usage` where something can neither be looked up nor guessed */
export async function lookUp(client: Client, wish: PlaceWish): Promise<Place> {
  const where = urlParts(wish.url ?? (await deviceUrl(client, wish.server)));
  const { name: project, key } = await projectFor(client, wish);
  const releases = () =>
    client
      .list('/releases', { query: { project } }, Number.POSITIVE_INFINITY)
      .then(({ items }) => items.filter(({ state }) => state !== 'draft'));
  const known = await releases();
  const firmwareName = wish.firmwareName ?? onlyFirmware(known, project ?? client.name);
  return {
    ...where,
    projectKey: key,
    firmwareName,
    version: versionBelow(known.filter((release) => release.firmwareName === firmwareName && isPublished(release))),
    versionOf: createVersions(known, releases),
  };
}

/** Whether all is said that is to be known, so that no admin side is needed. */
export function isSaid(wish: PlaceWish): wish is PlaceWish & { url: string; projectKey: string; firmwareName: string } {
  return wish.url !== undefined && wish.projectKey !== undefined && wish.firmwareName !== undefined;
}

async function deviceUrl(client: Client, server: string | undefined): Promise<string> {
  const seen = deviceUrlSeen(await client.get('/status'), server);
  if (seen !== undefined && !URL.canParse(seen)) {
    throw new CommandError('server-unexpected', `${client.name} tells no URL for where it answers devices`);
  }
  if (seen?.startsWith('https:') === true) {
    throw new CommandError(
      'server-needed',
      `${client.name} answers devices over TLS only; virtual ones speak plain http`,
      {
        remedy: 'Let a server for the rehearsal answer over plain http, too.',
      },
    );
  }
  if (seen !== undefined) return seen;
  throw new CommandError('server-needed', `${client.name} answers no devices`);
}

async function projectFor(
  client: Client,
  { project, projectKey }: PlaceWish,
): Promise<{ readonly name: string | undefined; readonly key: string }> {
  const { items } = await client.list('/projects', {}, Number.POSITIVE_INFINITY);
  if (projectKey !== undefined && project === undefined) {
    const ofKey = items.find(({ key, formerKeys }) => key === projectKey || formerKeys.includes(projectKey));
    // To ask with a key that nobody knows may be the point.
    return { name: ofKey?.name, key: projectKey };
  }
  const name = await chosenProject(client, project);
  const found = items.find((one) => one.name === name);
  if (found === undefined) throw usage(`${client.name} has no project ${name}`, 'fota project list shows them.');
  return { name, key: projectKey ?? found.key };
}

function onlyFirmware(releases: readonly ApiRelease[], project: string): string {
  const names = [...new Set(releases.map(({ firmwareName }) => firmwareName))];
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined)
    throw usage(`nothing is published in ${JSON.stringify(project)} yet`, 'Publish a release: fota publish FILE');
  const shown = names.map((name) => JSON.stringify(name)).join(', ');
  throw usage(`${JSON.stringify(project)} has several firmwares: ${shown}`, 'Name one with --firmware.');
}

function isPublished({ state }: ApiRelease): boolean {
  return state === 'published';
}

/** The release before the newest, else a version below the only one there is. */
function versionBelow(releases: readonly ApiRelease[]): string | undefined {
  const versions = [...new Set(releases.map(({ wireVersion }) => wireVersion))].sort(compareVersions);
  const newest = versions.at(-1);
  return versions.at(-2) ?? (newest === undefined ? undefined : lowered(newest));
}

/** With its last number above 0 one less, so that the core, which LuatOS tells first, stays as long as it can. */
function lowered(version: string): string | undefined {
  const parts = version.split('.');
  const last = parts.findLastIndex((part) => Number(part) > 0);
  if (last < 0) return undefined;
  const less = String(Number(parts[last]) - 1).padStart((parts[last] ?? '').length, '0');
  return parts.with(last, less).join('.');
}

/** Knows what each package makes of a device; of one that it does not know it asks, once at a time. */
function createVersions(
  known: readonly ApiRelease[],
  releases: () => Promise<readonly ApiRelease[]>,
): (sha256: string) => Promise<string | undefined> {
  const versions = new Map<string, string>();
  const learn = (all: readonly ApiRelease[]): void => {
    for (const { packages, wireVersion } of all.toSorted((a, b) => compareVersions(a.wireVersion, b.wireVersion))) {
      for (const { sha256 } of packages) versions.set(sha256, wireVersion);
    }
  };
  learn(known);
  let asking: Promise<void> | undefined;
  return async (sha256) => {
    if (versions.has(sha256)) return versions.get(sha256);
    // Where it cannot be asked now, the device's image is one that nobody knows: the report says so.
    asking ??= releases()
      .then(learn, () => undefined)
      .finally(() => {
        asking = undefined;
      });
    await asking;
    return versions.get(sha256);
  };
}

function usage(message: string, remedy: string): CommandError {
  return new CommandError('usage', message, { remedy, exitCode: EXIT.usage });
}
