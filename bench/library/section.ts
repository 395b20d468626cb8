import { type Aim, type Row, row, type Section } from '../report.ts';
import type { Contest } from './contest.ts';
import { DOOR_LIMIT_BYTES } from './size.ts';

const PEAK_LIMIT_MIB = 48;
const CPU_AIM: Aim = { text: '≤ 2 ×', most: 2 };

/** Everything Node does is measured above a Node that does nothing. */
export function librarySection(contest: Contest, doorBytes: number): Section {
  return { title: 'The device library', rows: rows(contest, doorBytes), text: text(contest) };
}

function rows({ mib, scores }: Contest, doorBytes: number): Row[] {
  const { idle, curl, loop, signed, upgrade } = scores;
  const curlMs = (1000 * curl.cpuS) / mib;
  const cpu = (what: string, cpuS: number, aim: Aim | undefined): Row => {
    const ms = (1000 * (cpuS - idle.cpuS)) / mib;
    return row(what, `${ms.toFixed(2)} ms/MiB`, `${curlMs.toFixed(2)} ms/MiB`, ms / curlMs, aim);
  };
  const peak = (what: string, peakMiB = Number.NaN, aim: Aim | undefined): Row => {
    const above = peakMiB - (idle.peakMiB ?? Number.NaN);
    return row(what, `${above.toFixed(1)} MiB`, `${PEAK_LIMIT_MIB} MiB`, above / PEAK_LIMIT_MIB, aim);
  };
  const kib = (n: number): string => `${(n / 1024).toFixed(2)} KiB`;
  const limit = kib(DOOR_LIMIT_BYTES);
  return [
    cpu('CPU of one upgrade', upgrade.cpuS, CPU_AIM),
    cpu('CPU of a signed upgrade', signed.cpuS, CPU_AIM),
    cpu('CPU of a bare Node loop', loop.cpuS, undefined),
    peak('Peak memory of one upgrade', upgrade.peakMiB, { text: `≤ ${PEAK_LIMIT_MIB} MiB`, most: 1 }),
    peak('Peak memory of a signed upgrade', signed.peakMiB, { text: `≤ ${PEAK_LIMIT_MIB} MiB`, most: 1 }),
    peak('Peak memory of a bare Node loop', loop.peakMiB, undefined),
    row('Door, minified and gzipped', kib(doorBytes), limit, doorBytes / DOOR_LIMIT_BYTES, {
      text: `≤ ${limit}`,
      most: 1,
    }),
  ];
}

function text({ mib, server, scores }: Contest): string {
  const wall = (['curl', 'loop', 'upgrade', 'signed'] as const)
    .map((name) => `${name} ${scores[name].wallS.toFixed(2)} s`)
    .join(', ');
  return `
All take the same image (${mib} MiB of random bytes) from the same server (${server}). Wall time, for the record: ${wall}.

- **CPU**: user and system time of \`curl -s -o file URL && sync file && sha256sum file\`: download, durable write, digest,
  in C. An upgrade is a child process that calls \`upgrade()\` once; the CPU of a Node that starts and does nothing is taken
  off. Where \`sha256sum\` makes no use of the processor's SHA instructions, as Debian's, Node's hash is several times
  faster, which is how a ratio below 1 comes about. Both are timed by bash, process start and exit included.
- **Signed upgrade**: the same on a device with a key ring, with the signature beside the file: a second request, BLAKE2b over
  the image, and what was learned in two copies.
- **Bare Node loop**: a child that hashes and writes what \`node:http\` brings, with no check, retry, resume or note. It is
  no limit but tells what Node itself costs.
- **Peak memory**: the highest resident size (VmHWM, the mapped pages of the Node binary included) of the child, above that
  of a Node that starts and does nothing. The limit of ${PEAK_LIMIT_MIB} MiB is meant for an image of 256 MiB.
- **Door**: \`libfota2\` with everything behind it in one file, minified by the bundler of this workspace, \`gzip -9\`. A
  test (\`bench/library/size.test.ts\`) holds it in \`npm test\`.
`;
}
