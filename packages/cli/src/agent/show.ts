/** How the agent is, in lines for people. */
import { bold, cyan, dim, green, red, span, type Text, yellow } from '../output/text.ts';
import { ago, bytes, clockTime } from '../output/words.ts';
import type { AgentReport } from './status-file.ts';

type Fact = readonly [name: string, value: Text | undefined];

const BAR_WIDTH = 32;

export function factsOf(report: AgentReport, isRunning: boolean, now: number): readonly Fact[] {
  const { agent, stage, since, version, wait, lastCheck, nextCheck, failure, keyRing, application } = report;
  return [
    ['agent', isRunning ? span(green('runs'), `, process ${agent.pid}`) : deadText(report, now)],
    ['stage', span(stageText(stage), subject(report), dim(`  ${ago(since, now)}`))],
    ['progress', progressText(report)],
    ['waits', wait && span(yellow(wait.reason), dim(`  asked again ${clockTime(wait.until)}`))],
    ['version', version ?? 'not known'],
    ['last check', lastCheck && span(lastCheck.message, dim(`  ${lastCheck.code}, ${ago(lastCheck.at, now)}`))],
    ['next check', isRunning && nextCheck !== undefined ? clockTime(nextCheck) : undefined],
    ['failure', failure && span(red(failure.message), dim(`  ${failure.code}`))],
    ['key ring', keyRing === undefined ? undefined : `number ${keyRing}`],
    ['application', application && applicationText(application, isRunning, now)],
    ['config', agent.config],
  ];
}

/** The same in one line, for logs. */
export function lineOf(report: AgentReport, isRunning: boolean): Text {
  const { stage, wait, failure, progress } = report;
  const part = progress === undefined ? '' : `  ${percentOf(progress)}`;
  const why = wait?.reason ?? failure?.message;
  const life = isRunning ? '' : '  (the agent does not run)';
  return span(stageText(stage), subject(report), part, why === undefined ? '' : `  ${why}`, life);
}

/** The last question was answered, and the last upgrade did not just fail. */
export function isWell(report: AgentReport): boolean {
  const code = report.lastCheck?.code;
  return (code === undefined || ['available', 'downloaded', 'no-upgrade'].includes(code)) && holds(report);
}

/** The last upgrade did not just fail. */
export function holds({ stage }: AgentReport): boolean {
  return stage !== 'failed' && stage !== 'rolled-back';
}

function deadText({ at }: AgentReport, now: number): Text {
  return span(red('does not run'), `; the rest is as it was ${ago(at, now)}`);
}

function stageText(stage: AgentReport['stage']): Text {
  if (stage === 'failed' || stage === 'rolled-back') return bold(red(stage));
  return bold(stage === 'confirmed' || stage === 'idle' ? green(stage) : cyan(stage));
}

function subject({ release, stage }: AgentReport): string {
  if (release === undefined || stage === 'idle') return '';
  const { version, sha256, size } = release;
  const name = version ?? (sha256 === undefined ? 'an image' : `an image ${sha256.slice(0, 12)}…`);
  return ` ${name}${size === undefined ? '' : ` (${bytes(size)})`}`;
}

function progressText({ progress }: AgentReport): Text | undefined {
  if (progress === undefined) return undefined;
  const { bytes: done, total } = progress;
  if (total === undefined || total === 0) return bytes(done);
  const filled = Math.round((BAR_WIDTH * Math.min(done, total)) / total);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  return span(cyan(bar), ` ${percentOf(progress)}  ${bytes(done)} of ${bytes(total)}`);
}

function percentOf({ bytes: done, total }: NonNullable<AgentReport['progress']>): string {
  return total === undefined || total === 0 ? bytes(done) : `${Math.floor((100 * done) / total)} %`;
}

function applicationText(
  { pid, since, starts }: NonNullable<AgentReport['application']>,
  isRunning: boolean,
  now: number,
): Text {
  const times = dim(`  started ${starts === 1 ? 'once' : `${starts} times`} by this agent`);
  if (!isRunning) return dim('not known');
  const life = pid === undefined ? yellow('does not run') : `runs, process ${pid}`;
  return span(life, dim(`, ${ago(since, now)}`), times);
}
