/** How a fleet is doing, while it is at it. */

import { REFUSALS } from '@libfota2/protocol';
import type { Counts, FleetSpec, FleetState } from '@libfota2/simulator';
import type { Live } from '../output/live.ts';
import { bold, cyan, dim, green, red, span, type Text, yellow } from '../output/text.ts';
import { bytes } from '../output/words.ts';

const BAR = 32;
/** Versions and answers that are told apart; the rest is one number. */
const MOST = 6;

export const STANDING_COLORS: Readonly<Record<keyof FleetState['standings'], (text: string) => Text>> = {
  fresh: dim,
  installed: cyan,
  confirmed: green,
  failed: red,
  looping: yellow,
  'rolled-back': red,
  silent: red,
};

/** Shows each state; what goes on in a second is told from the state before. */
export function createFleetScreen(live: Live, spec: FleetSpec): (state: FleetState) => void {
  let before: FleetState | undefined;
  return (state) => {
    const seconds = (state.elapsedMs - (before?.elapsedMs ?? 0)) / 1000;
    const perS = (now: number, then = 0): number => (seconds > 0 ? Math.round((now - then) / seconds) : 0);
    const rates = { questions: perS(state.asked, before?.asked), bytes: perS(state.bytes, before?.bytes) };
    before = state;
    live.show(linesOf(state, spec, rates), lineOf(state, rates));
  };
}

interface Rates {
  readonly questions: number;
  readonly bytes: number;
}

function linesOf(state: FleetState, { until, seed }: FleetSpec, rates: Rates): Text[] {
  const { devices, standings, elapsedMs, open, late } = state;
  const seconds = Math.floor(elapsedMs / 1000);
  const end = until.afterMs === undefined ? '' : ` of ${Math.round(until.afterMs / 1000)}`;
  const full = Math.round((BAR * standings.confirmed) / devices);
  const waiting = late === 0 ? '' : `, ${late} waiting for a connection`;
  return [
    span(bold(`${devices} devices`), dim(`  ${seconds}${end} s, seed ${seed}`)),
    span(
      green('█'.repeat(full)),
      dim('░'.repeat(BAR - full)),
      `  ${Math.floor((100 * standings.confirmed) / devices)} % confirmed`,
    ),
    span(dim('devices   '), standingsText(state)),
    span(dim('versions  '), listed(state.versions)),
    span(dim('answers   '), listed(named(state.answers))),
    span(
      dim('traffic   '),
      `${rates.questions} questions/s, ${bytes(rates.bytes)}/s, ${bytes(state.bytes)} in all, ${open} open${waiting}`,
    ),
  ];
}

function lineOf(state: FleetState, rates: Rates): Text {
  const seconds = `${(state.elapsedMs / 1000).toFixed(0)} s`;
  return span(seconds, '  ', standingsText(state), `; ${rates.questions} questions/s, ${bytes(state.bytes)}`);
}

function standingsText({ standings }: FleetState): Text {
  const present = Object.entries(standings).filter(([, many]) => many > 0);
  const parts = present.map(([name, many], nth) => {
    const color = STANDING_COLORS[name as keyof FleetState['standings']];
    return span(nth === 0 ? '' : ', ', color(`${many} ${name}`));
  });
  return span(...parts);
}

/** The codes of the platform with their names. */
export function named(answers: Counts): Counts {
  const names: Readonly<Record<string, string>> = REFUSALS;
  return Object.fromEntries(
    Object.entries(answers).map(([label, many]) => {
      const name = names[label];
      return [name === undefined ? label : `${label} ${name}`, many];
    }),
  );
}

/** The most first. */
export function listed(counts: Counts, most: number = MOST): string {
  const sorted = Object.entries(counts).sort(([, one], [, other]) => other - one);
  const rest = sorted.slice(most).reduce((sum, [, many]) => sum + many, 0);
  const shown = sorted.slice(0, most).map(([name, many]) => `${name}: ${many}`);
  return [...shown, ...(rest > 0 ? [`others: ${rest}`] : [])].join(', ') || 'none';
}
