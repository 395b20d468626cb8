/** A rollout as people see it. */
import type { ApiRollout, ApiWave } from '@libfota2/server';
import { factLines } from '../output/facts.ts';
import { bold, cyan, dim, green, red, span, type Text, yellow } from '../output/text.ts';
import { ago, width } from '../output/words.ts';
import { bar, isUntouched, standings } from './bar.ts';
import { sentencesOf, targetText, waveText } from './sentences.ts';

const CELLS = 32;

const STATE = { scheduled: cyan, running: green, paused: yellow, complete: green, aborted: red } as const;

/** How far it is, why it is so, and what comes next; `columns`: as many as a line may take. */
export function progressLines(rollout: ApiRollout, now: number, columns: number = Number.POSITIVE_INFINITY): Text[] {
  const { id, state, wave, waves, why, next, release, version, firmwareName, project } = rollout;
  const place = wave === 0 || state === 'aborted' ? '' : `, wave ${wave} of ${waves.length}`;
  const room = columns - 'rollout  '.length;
  const because = wrapped(why, room).map((line, at): [string, Text] => [
    at === 0 ? 'because' : '',
    state === 'paused' || state === 'aborted' ? bold(STATE[state](line)) : line,
  ]);
  return [
    ...factLines([
      ['rollout', span(bold(String(id)), '  ', bold(STATE[state](state)), place)],
      ['of', `${version} (release ${release}) of ${firmwareName}, project ${project}`],
      ['for', targetText(rollout.target)],
      ['made', ago(rollout.createdAt, now)],
      ...because,
      ['next', wrapped(next.says, room).join('\n')],
    ]),
    '',
    ...waveLines(rollout),
  ];
}

/** A text in lines of so many columns, broken between words; none where it is empty. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter((one) => one !== '')) {
    const last = lines.at(-1);
    if (last === undefined || width(last) + 1 + width(word) >= columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** What it was made to do. */
export function ruleLines(rollout: ApiRollout): Text[] {
  return sentencesOf(rollout).map((text) => dim(text));
}

function waveLines({ wave: open, waves, counts }: ApiRollout): Text[] {
  const names = waves.map((one) => [`wave ${one.wave}`, waveText(one)] as const);
  const [first, second] = [0, 1].map((column) => Math.max(6, ...names.map((name) => width(name[column] ?? '')))) as [
    number,
    number,
  ];
  const line = (name: string, share: string, rest: Text): Text =>
    span(name.padEnd(first), '  ', share.padStart(second), '  ', rest);
  const all = waves.length > 1 && !isUntouched(counts) ? [line('in all', '', standing(counts))] : [];
  return [
    ...waves.map((one, place) => line(names[place]?.[0] ?? '', names[place]?.[1] ?? '', ofWave(one, open))),
    ...all,
  ];
}

function ofWave({ wave, counts }: ApiWave, open: number): Text {
  if (!isUntouched(counts)) return standing(counts);
  return dim(wave > open ? 'not open yet' : 'nobody was offered it yet');
}

function standing(counts: ApiRollout['counts']): Text {
  return span(bar(counts, CELLS), '  ', standings(counts));
}

/** One line, for lists and logs. */
export function rolloutLine({ id, version, firmwareName, state, wave, waves, why, counts }: ApiRollout): Text {
  const place = wave === 0 ? '' : `, wave ${wave} of ${waves.length}`;
  const told = isUntouched(counts) ? [] : ['  ', standings(counts)];
  return span(
    `rollout ${id}  ${version} of ${firmwareName}  `,
    STATE[state](state),
    place,
    ...told,
    why === '' ? '' : `: ${why}`,
  );
}
