/** The options that say how a release is rolled out. */
import { parseQuery, QueryError } from '@libfota2/protocol';
import type {
  ApiAmount,
  ApiRolloutRequest,
  ApiTargetRequest,
  ApiThresholdRequest,
  ApiWaveRequest,
  ApiWindow,
} from '@libfota2/server';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { integer } from '../commands/command.ts';
import { duration } from '../commands/duration.ts';
import { idsIn } from '../commands/id-list.ts';
import { CommandError, EXIT } from '../failure.ts';
import type { World } from '../world.ts';
import { amount, byteCount, hours, instantIn, isTimeZone, percentIn, threshold } from './words.ts';

export interface RolloutOptions {
  readonly to?: string;
  readonly waves?: readonly WaveWord[];
  readonly start?: string;
  readonly window?: readonly ApiWindow[];
  readonly timeZone?: string;
  readonly soak?: number;
  readonly confirm?: ApiAmount;
  readonly pauseAt?: ApiThresholdRequest;
  readonly pauseWaveAt?: ApiThresholdRequest;
  readonly silentAfter?: number;
  readonly downgrade?: boolean;
  readonly maxDownloads?: number;
  readonly maxPerHour?: number;
  readonly maxPerDevice?: number;
}

/** A wave as it was typed: a share, or the file with its list. */
type WaveWord = { readonly percent: number } | { readonly file: string };

/** What is asked for, but for the release. */
export type Wanted = Omit<ApiRolloutRequest, 'release'>;

export function rolloutOptions(command: Command): Command {
  const option = <T>(flags: string, description: string, parse: (text: string, before: T) => T): Option =>
    new Option(flags, description).argParser(parse);
  return command
    .option('--to <whom>', "all, a query such as 'label:beta', group:NAME, or @FILE with an id a line (default: all)")
    .addOption(
      option('--waves <list>', 'shares, or lists of ids as @FILE, with commas (default: 5%,25%,100%)', waveWords),
    )
    .option(
      '--start <time>',
      "such as 2026-11-27T22:00+08:00, or '2026-11-27 22:00' in the time zone (default: at once)",
    )
    .addOption(option('--window <hours>', "offer only then: 'mon-fri 22:00-06:00'; may be given again", moreHours))
    .addOption(option('--time-zone <zone>', 'of --window and --start (default: the one of this machine)', timeZone))
    .addOption(
      option('--soak <span>', 'that a wave is open before the next one, as 24h or 30m (default: 24h)', duration),
    )
    .addOption(
      option(
        '--confirm <n>',
        "of a wave's devices that must run it before the next one: 80% or 20 (default: 80%)",
        amount,
      ),
    )
    .addOption(
      option(
        '--pause-wave-at <n>',
        "bad endings in the open wave: 2, 10%, '10% of 20', both or never (default: 10% of 10)",
        threshold,
      ),
    )
    .addOption(option('--pause-at <n>', 'bad endings in all waves, likewise (default: 5% of 50)', threshold))
    .addOption(
      option('--silent-after <span>', 'without a word until a device counts as silent (default: 24h)', duration),
    )
    .option('--downgrade', 'take devices above the release down to it, too, and keep them there')
    .addOption(option('--max-downloads <n>', 'at once', integer(1, Number.MAX_SAFE_INTEGER)))
    .addOption(option('--max-per-hour <bytes>', 'to all devices, such as 1GB', byteCount))
    .addOption(option('--max-per-device <bytes>', 'to one device within a day, such as 50MB', byteCount));
}

/** Whether any of them was given. */
export function isRollout(options: RolloutOptions): boolean {
  const { to, waves, start, window, timeZone, soak, confirm, pauseAt, pauseWaveAt } = options;
  const { silentAfter, downgrade, maxDownloads, maxPerHour, maxPerDevice } = options;
  return [to, waves, start, window, timeZone, soak, confirm, pauseAt, pauseWaveAt, silentAfter, downgrade]
    .concat([maxDownloads, maxPerHour, maxPerDevice] as never[])
    .some((given) => given !== undefined);
}

/** What they ask for; lists are read. @throws CommandError `usage`, `file-unreadable` */
export async function wantedBy(options: RolloutOptions, world: World): Promise<Wanted> {
  const { waves, window, soak, confirm, pauseAt, pauseWaveAt, silentAfter, downgrade } = options;
  const zone = options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const target = await targetOf(options.to, world);
  const startAt = options.start === undefined ? undefined : startOf(options.start, zone);
  const limits = limitsOf(options);
  return {
    ...(target && { target }),
    ...(waves && { waves: await Promise.all(waves.map((word) => waveOf(word, world))) }),
    ...(startAt !== undefined && { startAt }),
    ...(window && { windows: window }),
    // Times are told by the clock that they were typed by.
    timeZone: zone,
    ...(soak !== undefined && { soakMs: soak }),
    ...(confirm && { confirm }),
    ...((pauseAt || pauseWaveAt) && {
      pause: { ...(pauseWaveAt && { wave: pauseWaveAt }), ...(pauseAt && { overall: pauseAt }) },
    }),
    ...(silentAfter !== undefined && { silentAfterMs: silentAfter }),
    ...(downgrade === true && { mayDowngrade: true }),
    ...(Object.keys(limits).length > 0 && { limits }),
  };
}

function limitsOf({ maxDownloads, maxPerHour, maxPerDevice }: RolloutOptions): NonNullable<Wanted['limits']> {
  return {
    ...(maxDownloads !== undefined && { downloads: maxDownloads }),
    ...(maxPerHour !== undefined && { bytesPerHour: maxPerHour }),
    ...(maxPerDevice !== undefined && { bytesPerDevicePerDay: maxPerDevice }),
  };
}

async function targetOf(to: string | undefined, world: World): Promise<ApiTargetRequest | undefined> {
  if (to === undefined || to === 'all') return undefined;
  if (to.startsWith('@')) return { ids: await idsIn(to.slice(1), world) };
  if (to.startsWith('group:') && !/\s/.test(to.trim())) return { group: to.slice('group:'.length) };
  try {
    parseQuery(to);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new CommandError('usage', `--to: ${error.message}`, { exitCode: EXIT.usage, cause: error });
  }
  return { query: to };
}

async function waveOf(word: WaveWord, world: World): Promise<ApiWaveRequest> {
  return 'file' in word ? { ids: await idsIn(word.file, world) } : word;
}

function startOf(text: string, zone: string): string {
  const at = instantIn(text, zone);
  if (at !== undefined) return new Date(at).toISOString();
  const wanted = `a time such as 2026-11-27T22:00+08:00, or '2026-11-27 22:00' by the clock of ${zone}`;
  throw new CommandError('usage', `--start takes ${wanted}, not "${text}"`, { exitCode: EXIT.usage });
}

function waveWords(text: string): WaveWord[] {
  return text.split(',').map((part) => {
    const word = part.trim();
    const percent = percentIn(word);
    if (percent !== undefined) return { percent };
    if (word.length > 1 && word.startsWith('@')) return { file: word.slice(1) };
    throw new InvalidArgumentError('It takes shares such as 5%,25%,100%, and lists of ids such as @lab.txt.');
  });
}

function moreHours(text: string, before: readonly ApiWindow[] | undefined): readonly ApiWindow[] {
  return [...(before ?? []), hours(text)];
}

function timeZone(text: string): string {
  if (isTimeZone(text)) return text;
  throw new InvalidArgumentError('It takes a time zone such as Asia/Shanghai or UTC.');
}
