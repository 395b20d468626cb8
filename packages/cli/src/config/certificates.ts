import { OPTIONS } from '@libfota2/server/settings';
import { failureOf } from '../failure.ts';
import { type Configuration, optionsOf } from './configuration.ts';
import type { Finding } from './problem.ts';

/** What is wrong with the certificates that a configuration names: what the server would refuse to start with. */
export async function wrongCertificates(configuration: Configuration): Promise<Finding[]> {
  const { tls, admin } = optionsOf(configuration);
  const named = [
    [OPTIONS['tls.cert'].name, tls],
    [OPTIONS['admin.tls.cert'].name, admin?.tls],
  ] as const;
  const findings: Finding[] = [];
  for (const [key, paths] of named) {
    if (paths === undefined) continue;
    const { readCertificate } = await import('@libfota2/server');
    await readCertificate(paths).catch((error: unknown) => {
      const { code, message, remedy } = failureOf(error);
      findings.push({ key, ...configuration.settings.get(key)?.place, code, message, remedy });
    });
  }
  return findings;
}
