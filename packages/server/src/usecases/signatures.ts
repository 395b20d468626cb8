import type { RefusalCode } from '@libfota2/protocol';
import type { Release, ReleasePackage } from '../domain/catalogue.ts';
import type { Decision } from '../domain/decide.ts';
import type { Plan } from '../domain/plan.ts';
import { objectionTo } from '../domain/ring-updates.ts';
import { REFUSED_BY } from '../domain/rules.ts';
import { toldBy } from '../domain/told.ts';
import type { Now, Sent } from '../ports.ts';

/** Signatures of packages, for devices. */
export interface Signatures {
  /** The package that a device is being sent, as it is signed now. */
  of(sent: Sent): ReleasePackage | undefined;
  /** Whether the device would still take what it is being sent: always, where it has no key ring. */
  isTaken(decision: Decision, sent: Sent): boolean;
  /** The text of the signature of a package that is published there; else the code of a refusal, and why. */
  find(projectKey: string, firmwareName: string, sha256: string): string | readonly [code: RefusalCode, msg: string];
}

const NONE = [27, 'no signature: nothing of this sha256 is published, or it is not signed'] as const;

export function createSignatures(ports: {
  readonly plan: (now: number) => Plan;
  readonly release: (id: number) => Release;
  readonly now: Now;
}): Signatures {
  const { plan, release, now } = ports;
  const of = (sent: Sent): ReleasePackage | undefined =>
    release(sent.release).packages.find(({ sha256 }) => sha256 === sent.sha256);

  return {
    of,

    isTaken({ ring, device }, sent) {
      if (ring === undefined) return true;
      const begun = of(sent);
      return (
        begun === undefined || objectionTo(begun, ring, toldBy(device, [release(sent.release)]), now()) === undefined
      );
    },

    find(projectKey, firmwareName, sha256) {
      const ours = plan(now()).projects.get(projectKey);
      if (ours === undefined) return REFUSED_BY['project-unknown'];
      const firmware = ours.firmwares.get(firmwareName);
      if (firmware === undefined) return REFUSED_BY['firmware-unknown'];
      const packages = firmware.published.flatMap((one) => one.packages);
      return packages.find((one) => one.sha256 === sha256)?.signature ?? NONE;
    },
  };
}
