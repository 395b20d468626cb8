/** The URLs that people are told: how a server is found by devices, and from other machines. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { UPGRADE_PATH } from '@libfota2/protocol';
import type { ApiStatus } from '@libfota2/server';

/** What a server says of where it answers devices. */
type Whereabouts = Pick<ApiStatus, 'deviceUrl' | 'deviceHost' | 'paths'>;

/** Stands for a host that only the reader knows. */
const SOME_HOST = 'HOST';

/** Where LuatOS devices are told to ask: the first path that was configured, else the platform's. */
export function devicePath(paths: readonly string[]): string {
  return paths[0] ?? UPGRADE_PATH;
}

/** Whether the host stands for every address of its machine. */
function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function isLoopback(host: string): boolean {
  return /^(?:127\..*|\[?::1\]?|localhost)$/.test(host);
}

/** Addresses at which other machines may find this one. */
function outwardHosts(interfaces: Interfaces = networkInterfaces()): string[] {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  return all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address);
}

type Interfaces = Readonly<Record<string, NetworkInterfaceInfo[] | undefined>>;

/** For other machines the URLs of what listens on `host` here and is reached from here by `url`; none on a loopback. */
export function outwardUrls(url: string, host: string, interfaces?: Interfaces): string[] {
  if (isLoopback(host)) return [];
  if (!isWildcard(host)) return [url];
  const hosts = outwardHosts(interfaces);
  return (hosts.length === 0 ? [SOME_HOST] : hosts).map((one) => withHost(url, one));
}

/** Where a server that was named by the URL of its admin side answers devices, as one sees it from here. */
export function deviceUrlSeen({ deviceUrl }: Whereabouts, server: string | undefined): string | undefined {
  if (deviceUrl === null) return undefined;
  const hostname = hostnameOf(server ?? deviceUrl);
  // What it calls a loopback is the machine that was named.
  const isThere = isLoopback(hostnameOf(deviceUrl)) && !isLoopback(hostname);
  return isThere ? withHost(deviceUrl, hostname) : deviceUrl;
}

/** What is to be written into a device. */
export function deviceUrlTold(status: Whereabouts, server: string | undefined, interfaces?: Interfaces): string {
  const seen = deviceUrlSeen(status, server) ?? `http://${SOME_HOST}:8266`;
  const isHere = isLoopback(hostnameOf(seen));
  const [outward] = isHere ? outwardUrls(seen, status.deviceHost ?? 'localhost', interfaces) : [];
  return (outward ?? seen) + devicePath(status.paths);
}

/** Empty for what is no URL: a server may say anything. */
function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function withHost(url: string, host: string): string {
  const { protocol, port } = new URL(url);
  return `${protocol}//${host}${port === '' ? '' : `:${port}`}`;
}
