/** What became of a simulated rollout, as people read it. */
import type { WarpMoment, WarpReport } from '@libfota2/simulator';
import type { Invocation } from '../commands/command.ts';
import { bold, cyan, dim, green, red, type Text, yellow } from '../output/text.ts';
import { bytes, counted } from '../output/words.ts';
import type { WarpJudged } from './expect.ts';
import { plot } from './plot.ts';
import { spanText } from './words.ts';

const COLORS = { scheduled: cyan, running: cyan, paused: yellow, complete: green, aborted: red } as const;
const ENDS: Readonly<Record<WarpReport['ended'], string>> = {
  quiet: 'nobody would have got anything any more',
  time: 'its time was over',
  stopped: 'it was stopped',
};
/** Moments that are shown: who resumes again and again has more. */
const MOST_MOMENTS = 40;

export function showWarped({ out, world }: Invocation, report: WarpReport, judged: readonly WarpJudged[]): void {
  const { devices, elapsedMs, seed, ended, state, why, moments } = report;
  out.line(bold(counted(devices, 'device')), `, ${spanText(elapsedMs)}, seed ${seed}: ${ENDS[ended]}.`);
  out.line(bold(COLORS[state](state)), state === 'paused' || state === 'aborted' ? `: ${why}` : '');
  out.line();
  for (const moment of moments.slice(0, MOST_MOMENTS)) out.line(...momentLine(moment));
  if (moments.length > MOST_MOMENTS) out.line(dim(`… and ${moments.length - MOST_MOMENTS} more`));
  out.line();
  if (world.stdout.isTTY === true) {
    for (const line of plot(report.samples, devices)) out.line(line);
    out.line();
  }
  out.table(
    ['WAVE', 'OPENED AFTER', 'CONFIRMED', 'FAILED', 'ROLLED BACK', 'SILENT', 'UNDER WAY'],
    report.waves.map((wave, place) => [
      String(place + 1),
      wave.openedMs === undefined ? 'not opened' : spanText(wave.openedMs),
      ...[wave.confirmed, wave.failed, wave['rolled-back'], wave.silent, wave['under-way']].map(String),
    ]),
  );
  out.line();
  out.facts([
    ['hit', hitText(report)],
    ['sent', `${bytes(report.bytes)} in ${counted(report.offers, 'download')}; ${deliveriesText(report)}`],
    ['asked', `${report.questions} questions`],
    [
      'versions',
      Object.entries(report.versions)
        .map(([name, many]) => `${name}: ${many}`)
        .join(', '),
    ],
  ]);
  if (judged.length === 0) return;
  out.line();
  for (const { expected, found, met } of judged) {
    out.line(met ? green('met   ') : red('MISSED'), `  ${expected}  (${found})`);
  }
}

function momentLine({ atMs, what, wave, why, confirmed, bad, underWay }: WarpMoment): Text[] {
  const opened = what === 'started' || what === 'advanced' ? `wave ${wave} opens` : what;
  const told = confirmed + bad + underWay === 0 ? '' : `${confirmed} confirmed, ${bad} bad, ${underWay} under way`;
  const reason = why === '' || what === 'complete' ? '' : `: ${why}`;
  return [dim(spanText(atMs).padStart(10)), '  ', opened, reason, told === '' ? '' : dim(`  ${told}`)];
}

/** The number that an operator wants. */
function hitText({ harm: { hit, hitAtPause } }: WarpReport): Text {
  if (hit === 0) return 'no device got on badly with the release';
  const before = hitAtPause === undefined ? ', and it never paused' : `, ${hitAtPause} of them before it first paused`;
  return red(`${counted(hit, 'device')} got on badly with the release${before}`);
}

function deliveriesText({ deliveries: { most, mostId } }: WarpReport): string {
  return mostId === undefined ? 'none whole' : `${counted(most, 'whole package')} to one device at most`;
}
