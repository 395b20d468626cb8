import type { Identity, IdKind } from '@libfota2/protocol';
import type { Device, Upgrade } from '../domain/decide.ts';
import type { Plan } from '../domain/plan.ts';
import type { Sealing } from '../ports/sealing.ts';
import type { Now } from '../ports.ts';

/** What a serial number stands for: a device, its question, and the package that it was told of. */
export interface Serial {
  /** The question, with a key of the project. */
  readonly identity: Identity;
  readonly device: Pick<Device, 'project' | 'firmwareName' | 'id'>;
  readonly release: number;
  /** Of the package; lower-case hex. */
  readonly sha256: string;
  /** Whether the package may still be begun by it. */
  readonly isFresh: boolean;
}

/**
 * The serial numbers of libfota3's upgrades (docs/protocol.md §12.4). Nothing is kept of them: each says itself what it stands
 * for, and is sealed with the key of its project. Whoever can make one could as well ask as that device; a key that is revoked
 * takes its numbers with it.
 */
export interface Serials {
  issue(identity: Identity, decision: Upgrade): string;
  /** `undefined` for what was not issued here, or by a key that is revoked. Never throws. */
  read(serial: string): Serial | undefined;
}

/** How long a package may be begun: some devices ask a person first. */
const FRESH_MS = 24 * 3_600_000;
/** Characters of a serial number: all parts at their longest, in the longest characters. */
const LONGEST = 4_096;
/** Characters of a core that are kept; none that can be read has more. */
const CORE_LIMIT = 64;

type Parts = readonly [
  at: number,
  project: string,
  idKind: IdKind,
  id: string,
  firmwareName: string,
  version: string,
  core: string,
  release: number,
  sha256: string,
];

export function createSerials(ports: {
  readonly plan: () => Plan;
  readonly now: Now;
  readonly sealing: Sealing;
}): Serials {
  const { plan, now, sealing } = ports;

  return {
    issue({ version = '', core = '' }, { device, project, release, package: chosen }) {
      const { idKind, id, firmwareName } = device;
      const told = [version, core.slice(0, CORE_LIMIT)] as const;
      const who = [project?.name ?? '', idKind, id, firmwareName] as const;
      const parts: Parts = [now(), ...who, ...told, release.id, chosen.sha256];
      return sealing.seal(JSON.stringify(parts), project?.key ?? '');
    },

    read(serial) {
      if (serial.length > LONGEST) return undefined;
      const keysFor = (text: string): readonly string[] => keysOf(plan(), listOf(text)[1]);
      const text = sealing.open(serial, keysFor);
      if (text === undefined) return undefined;
      // Sealed by this server: it is what was issued.
      const [at, project, idKind, id, firmwareName, version, core, release, sha256] = listOf(text) as unknown as Parts;
      const [projectKey] = keysFor(text);
      return {
        identity: { idKind, id, projectKey, firmwareName, version, core: core === '' ? undefined : core },
        device: { project, firmwareName, id },
        release,
        sha256,
        // A clock that was set back must not let it live for ever.
        isFresh: Math.abs(now() - at) < FRESH_MS,
      };
    },
  };
}

/** The keys of a project that are accepted, the present one first; none where it is not there. */
function keysOf({ projects }: Plan, name: unknown): readonly string[] {
  for (const { project } of projects.values()) {
    if (project.name === name) return [project.key, ...project.formerKeys];
  }
  return [];
}

function listOf(text: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
