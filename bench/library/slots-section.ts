import { type Aim, type Row, row, type Section } from '../report.ts';
import type { SlotsContest } from './slots.ts';

const PEAK_LIMIT_MIB = 64;
const INSTALL_AIM: Aim = { text: '≥ 0.5 ×', least: 0.5 };
const JOURNAL_AIM: Aim = { text: '≤ 3 ×', most: 3 };

/** What it costs that a device can go back. */
export function slotsSection(contest: SlotsContest): Section {
  return { title: 'Slots', rows: rows(contest), text: text(contest) };
}

function rows({ mib, seconds, journal, peakMiB }: SlotsContest): Row[] {
  const rate = (what: string, ours: number, limit: string, theirs: number, aim: Aim | undefined): Row =>
    row(what, `${(mib / ours).toFixed(0)} MiB/s`, `${(mib / theirs).toFixed(0)} MiB/s ${limit}`, theirs / ours, aim);
  const peak = (what: string, most: number): Row => {
    const above = most - peakMiB.idle;
    const aim = { text: `≤ ${PEAK_LIMIT_MIB} MiB`, most: 1 };
    return row(what, `${above.toFixed(1)} MiB`, `${PEAK_LIMIT_MIB} MiB`, above / PEAK_LIMIT_MIB, aim);
  };
  const ms = (value: number): string => `${(1_000 * value).toFixed(1)} ms`;
  return [
    rate('Install of a file', seconds.install, 'cp && sync', seconds.copy, INSTALL_AIM),
    rate('Install of a .tar.gz', seconds.installArchive, 'tar -xz && sync', seconds.extract, INSTALL_AIM),
    row(
      'Written down in one upgrade',
      ms(journal.seconds),
      `${ms(journal.limitSeconds)} one file`,
      journal.seconds / journal.limitSeconds,
      JOURNAL_AIM,
    ),
    peak('Peak memory, a file of 1 GiB', peakMiB.file),
    peak('Peak memory, a .tar of 1 GiB', peakMiB.tar),
    peak('Peak memory, a .tar.gz of 1 GiB', peakMiB.tarGz),
  ];
}

function text({ mib, journal }: SlotsContest): string {
  return `
- **Install**: \`applicationSlots\` makes a version of an image of ${mib} MiB of random bytes that was downloaded and is on the disk: it
  is copied or unpacked into the free slot, and synced, and the boot record is written. Held against \`cp IMAGE SLOT/app\` or
  \`tar -xzf IMAGE -C SLOT\`, each with \`sync\` of file and folder.
- **Written down**: all that an agent with a key ring writes and syncs beside the image, from the first question to \`confirm()\`: its journal, what
  it trusts, the notes of the download, the slot's note and the boot record, ${journal.bytes} bytes in ${journal.syncs} syncs of files and folders. Held against as many
  bytes and syncs, in the same pieces, of one file.
- **Peak memory**: the highest resident size (VmHWM) of a process that calls \`upgrade()\` with slots once, from the first request to the boot record, above that of a
  Node that does nothing. An image of 1 GiB, and archives of a little less that hold as much. Most of it are buffers that Node has read into and
  the engine has not collected yet, which it does from 32 MiB on: it differs by some MiB from run to run. Medians of three.
`;
}
