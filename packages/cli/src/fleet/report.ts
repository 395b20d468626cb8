/** What a fleet has been through, as people read it. */
import type { FleetReport, FleetSpec } from '@libfota2/simulator';
import type { Out } from '../output/out.ts';
import { bold, dim, green, red, type Text } from '../output/text.ts';
import { bytes } from '../output/words.ts';
import type { Judged } from './expect.ts';
import { listed, named, STANDING_COLORS } from './screen.ts';

const ENDS: Readonly<Record<FleetReport['ended'], string>> = {
  confirmed: 'all that still ask have confirmed',
  quiet: 'nobody gets anything any more',
  time: 'its time is over',
  rounds: 'all have asked as often as they were to',
  stopped: 'it was stopped',
};

export function showReport(out: Out, report: FleetReport, judged: readonly Judged[], { seed }: FleetSpec): void {
  const { devices, elapsedMs, ended, standings, images, deliveries, answerMs, lateMs, asked } = report;
  out.line(bold(`${devices} devices`), `, ${(elapsedMs / 1000).toFixed(1)} s, seed ${seed}: ${ENDS[ended]}.`);
  out.line();
  for (const [name, many] of Object.entries(standings)) {
    if (many === 0) continue;
    const color = STANDING_COLORS[name as keyof FleetReport['standings']];
    out.line(color(name.padEnd(12)), String(many).padStart(7), dim(`  ${((100 * many) / devices).toFixed(1)} %`));
  }
  out.line();
  out.table(
    ['GENERATION', 'MODE', 'DEVICES', 'WHAT THEY MADE OF THE ANSWERS'],
    report.groups.map(({ generation, mode, devices: many, results }) => [
      generation,
      mode ?? '-',
      String(many),
      listed(results, 20),
    ]),
  );
  out.line();
  out.facts([
    ['versions', listed(report.versions, 20)],
    ['answers', `${listed(named(report.answers), 20)}`],
    ['last answers', listed(named(report.lastAnswers), 20)],
    ['images', imagesText(report)],
    ['deliveries', deliveriesText(deliveries)],
    ['answered in', `${answerMs.p50} ms (half), ${answerMs.p99} ms (99 of 100), ${answerMs.most} ms (all)`],
    ['traffic', `${asked} questions, ${Math.round((1000 * asked) / elapsedMs)}/s; ${bytes(report.bytes)}`],
    ['reports', reportsText(report)],
    ['by luck', luckText(report)],
    ['faults', Object.keys(report.faults).length === 0 ? undefined : listed(report.faults)],
    ['late', lateMs.p99 > LATE_MS ? lateText(lateMs) : undefined],
  ]);
  if (images.unknown > 0) {
    out.note('The server has sent packages that none of its releases has: devices did not know what they became.');
  }
  const short = Object.keys(report.faults).filter((fault) => OF_THIS_MACHINE.has(fault));
  if (short.length > 0) {
    out.note(
      `This machine has run out of ports or descriptors (${short.join(', ')}): take fewer devices, or --max-open.`,
    );
  }
  if (judged.length === 0) return;
  out.line();
  for (const { expected, found, met } of judged) {
    out.line(met ? green('met   ') : red('MISSED'), `  ${expected}  (${found})`);
  }
}

/** Faults that say nothing of the server. */
const OF_THIS_MACHINE: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'ENOBUFS']);
/** From here on it is this program, and not the server, that makes devices wait. */
const LATE_MS = 1_000;

function lateText({ p99, most }: FleetReport['lateMs']): string {
  return `devices waited up to ${Math.round(p99)} ms (99 of 100), ${Math.round(most)} ms (all) for a connection of this program: more with --max-open, fewer questions with --poll`;
}

function imagesText({ images }: FleetReport): Text {
  const { verified, unverified, unusable, spliced } = images;
  const whole = `${verified} whole, their hashes right`;
  const unchecked = unverified === 0 ? '' : `, ${unverified} whole by their length`;
  const parts = unusable === 0 ? '' : `, ${unusable} taken for whole by devices that kept a part`;
  return spliced === 0
    ? `${whole}${unchecked}${parts}, none spliced`
    : red(`${spliced} SPLICED: other bytes than were promised; ${whole}${unchecked}${parts}`);
}

function deliveriesText({ all, most, mostId }: FleetReport['deliveries']): string {
  if (mostId === undefined) return 'none';
  return `${all} whole images, ${most} to one device at most${most > 1 ? ` (${mostId})` : ''}`;
}

function reportsText({ reports: { taken, refused } }: FleetReport): string | undefined {
  if (taken + refused === 0) return undefined;
  return refused === 0 ? `${taken} taken` : `${taken} taken, ${refused} not`;
}

function luckText({ lineCuts, powerCuts }: FleetReport): string | undefined {
  if (lineCuts + powerCuts === 0) return undefined;
  return `${lineCuts} connections broken, ${powerCuts} times without power`;
}
