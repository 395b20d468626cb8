/** Settings of the agent that need each other, or exclude each other. Pure. */
import { isAbsolute } from 'node:path';
import type { AgentSettingName, AgentValues } from './settings.ts';

/** What is wrong with a setting. */
export interface Rule {
  readonly name: AgentSettingName;
  readonly is: 'missing' | 'conflict';
  readonly says: string;
  readonly remedy?: string;
}

type Said = (name: AgentSettingName) => boolean;

/** @param isSaid whether the file says it, be it what holds anyway */
export function contradictions(values: AgentValues, isSaid: Said): readonly Rule[] {
  return [
    ...place(values, isSaid),
    ...question(values, isSaid),
    ...version(values, isSaid),
    ...running(values, isSaid),
  ];
}

const NEEDED: Readonly<Record<AgentValues['place.kind'], readonly AgentSettingName[]>> = {
  application: ['place.dir'],
  partitions: ['place.dir', 'place.a', 'place.b'],
  installer: ['place.dir', 'place.command'],
};
/** Settings that only one kind of place knows. */
const OF_KIND: ReadonlyArray<readonly [AgentSettingName, ReadonlyArray<AgentValues['place.kind']>]> = [
  ['place.tries', ['application', 'partitions']],
  ['place.minutes', ['application', 'partitions']],
  ['place.a', ['partitions']],
  ['place.b', ['partitions']],
  ['place.boot', ['partitions']],
  ['place.running', ['partitions', 'installer']],
  ['place.command', ['installer']],
  ['place.confirm', ['installer']],
  ['place.confirm-always', ['installer']],
  ['place.give-up', ['installer']],
  ['run.command', ['application']],
];

const UBOOT_TRIES = 9;
const ENDLESS = 'must not be 0 without [health]: a version that starts and says nothing would be tried for ever';

function place(values: AgentValues, isSaid: Said): Rule[] {
  const kind = values['place.kind'];
  const lacking = NEEDED[kind].filter((name) => !isSaid(name));
  const isCountedByUboot = kind === 'partitions' && values['place.boot'] === 'uboot';
  const tooMany = isCountedByUboot && values['place.tries'] > UBOOT_TRIES;
  const isProbed = isSaid('health.command') || isSaid('health.http');
  const isEndless = isCountedByUboot && values['place.minutes'] === 0 && !isProbed;
  const strange = OF_KIND.filter(([name, kinds]) => isSaid(name) && !kinds.includes(kind));
  return [
    ...lacking.map((name) => missing(name, `is not there, and place.kind = "${kind}" needs it`)),
    ...(tooMany
      ? [conflict('place.tries', `must be at most ${UBOOT_TRIES}: the environment of U-Boot counts no further`)]
      : []),
    ...(isEndless ? [conflict('place.minutes', ENDLESS)] : []),
    ...strange.map(([name]) => conflict(name, `means nothing where place.kind = "${kind}"`)),
  ];
}

function question({ url }: AgentValues, isSaid: Said): Rule[] {
  const rules: Rule[] = [];
  if (url === undefined && !isSaid('key')) rules.push(missing('url', 'is not there, and the IoT platform needs key'));
  for (const name of ['trust', 'offline.folder'] as const) {
    const needs = name === 'trust' ? 'firmware' : 'trust';
    if (isSaid(name) && !isSaid(needs)) rules.push(conflict(name, `needs ${needs}: anything would be taken else`));
  }
  return rules;
}

const VERSIONS = ['version', 'version-file', 'version-command'] as const;

function version(values: AgentValues, isSaid: Said): Rule[] {
  const [first, second] = VERSIONS.filter(isSaid);
  const isApplication = values['place.kind'] === 'application';
  if (second !== undefined) return [conflict(second, `and ${first} both say what runs`)];
  if (first === undefined && !isApplication) {
    return [missing('version-file', 'is not there, nor version-command: nobody says what runs')];
  }
  const file = values['version-file'];
  if (file === undefined || isApplication || isAbsolute(file)) return [];
  return [conflict('version-file', 'must begin with / where no slot is a folder')];
}

function running(values: AgentValues, isSaid: Said): Rule[] {
  const rules: Rule[] = [];
  for (const [one, other, why] of APART) {
    if (isSaid(one) && isSaid(other)) rules.push(conflict(one, `and ${other} exclude each other: ${why}`));
  }
  if (!isSaid('run.command') && !isSaid('restart.command')) {
    rules.push(missing('restart.command', 'is not there, nor run.command: no new version would ever start'));
  }
  const { 'schedule.every': every, 'schedule.jitter': jitter = 0 } = values;
  if (!isSaid('schedule.cron') && jitter > every) rules.push(conflict('schedule.jitter', 'is longer than every'));
  const isProbed = isSaid('health.command') || isSaid('health.http');
  const minutes = values['place.minutes'];
  const isKilled = isProbed && values['place.kind'] === 'application' && minutes > 0;
  if (isKilled && values['health.within'] >= minutes * 60_000) {
    rules.push(conflict('health.within', `must be shorter than place.minutes (${minutes}), after which it goes back`));
  }
  return rules;
}

const APART: ReadonlyArray<readonly [AgentSettingName, AgentSettingName, string]> = [
  ['schedule.cron', 'schedule.every', 'both say when to ask'],
  ['health.command', 'health.http', 'one of them judges the new version'],
  ['restart.command', 'run.command', 'what the agent runs, it restarts'],
  ['restart.log', 'run.command', 'the agent knows the lines of what it runs'],
];

function missing(name: AgentSettingName, says: string): Rule {
  return { name, is: 'missing', says };
}

function conflict(name: AgentSettingName, says: string): Rule {
  return { name, is: 'conflict', says };
}
