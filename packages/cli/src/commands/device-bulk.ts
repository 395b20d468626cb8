/** What is done to all devices that a query fits: first it is said how many they are, and then it is done in parts. */
import type { ApiBulk, ApiBulkFailure } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import type { BodyOf } from '../client/typed.ts';
import { CommandError, EXIT } from '../failure.ts';
import type { Out } from '../output/out.ts';
import { red } from '../output/text.ts';
import { counted } from '../output/words.ts';
import { chosenProject } from './choose.ts';
import { type Invocation, withServer } from './command.ts';
import { asking } from './query.ts';
import { makeSure, sureOption } from './sure.ts';

type BulkBody = BodyOf<'POST', '/devices/bulk'>;

export type BulkOptions = Whereabouts & {
  readonly project?: string;
  readonly query?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
};

export interface BulkAction {
  /** Of the API, with what it needs. */
  readonly body: Omit<BulkBody, 'project' | 'query'>;
  /** What is done, as in "Block 12 devices of tracker?". */
  readonly does: string;
  /** What was done, as in "12 devices of tracker blocked." */
  readonly did: string;
}

/** Failures that people are shown. */
const SHOWN = 20;

export function bulkOptions(command: Command): Command {
  return sureOption(command)
    .option('--query <query>', 'instead: all devices that fit, such as "label:beta"; docs/queries.md tells more')
    .option('--dry-run', 'with --query: only say which devices it would be');
}

/** @throws CommandError `usage` where a query and devices are named, or neither */
export function isByQuery(command: Command, named: readonly string[], { query }: BulkOptions): boolean {
  if (query === undefined && named.length > 0) return false;
  if (query !== undefined && named.length === 0) return true;
  const message = query === undefined ? 'no device is named, and no --query' : 'devices are named, and a --query, too';
  throw new CommandError('usage', message, {
    remedy: `Try: fota device ${command.name()} --help`,
    exitCode: EXIT.usage,
  });
}

export async function changeByQuery(invocation: Invocation, options: BulkOptions, action: BulkAction): Promise<void> {
  const { out } = invocation;
  const { query = '' } = options;
  await withServer(invocation, options, async (client) => {
    const project = await chosenProject(client, options.project);
    const body = { project, query, ...action.body };
    const found = await asking(out, query, send(client, { ...body, dryRun: true }));
    const { devices = 0, sample = [] } = found;
    if (options.dryRun === true) {
      return out.result({ project, query, devices, sample }, () => {
        out.line(`${action.does} ${counted(devices, 'device')} of ${project}. Nothing was changed.`);
        for (const { id, record } of sample)
          out.line(`  ${id}  ${record?.firmwareName ?? '-'} ${record?.version ?? ''}`);
        if (devices > sample.length) out.line(`  … fota device list shows all`);
      });
    }
    const all = `${counted(devices, 'device')} of ${project}`;
    await makeSure(invocation, devices === 0 || options.yes, {
      question: `${action.does} ${all}?`,
      undone: 'nothing was changed',
      whether: `to change ${all}`,
    });
    const failed: ApiBulkFailure[] = [];
    const done = devices === 0 ? 0 : await inParts(invocation, client, body, devices, failed);
    out.result({ project, query, devices: done, failed }, () => {
      showFailures(out, failed);
      const rest = failed.length === 0 ? '' : `, ${failed.length} failed`;
      out.line(`${counted(done - failed.length, 'device')} of ${project} ${action.did}${rest}.`);
    });
    if (failed.length > 0) invocation.exitWith(EXIT.failed);
  });
}

function send(client: Client, body: BulkBody): Promise<ApiBulk> {
  return client.send('POST', '/devices/bulk', { body });
}

/** Adds to `failed` what could not be done; resolves to how many devices were dealt with. */
async function inParts(
  { out, signal }: Invocation,
  client: Client,
  body: BulkBody,
  devices: number,
  failed: ApiBulkFailure[],
): Promise<number> {
  const progress = out.progress('devices', 'lines', String);
  const aborted = signal();
  let done = 0;
  let cursor: string | undefined;
  try {
    do {
      aborted.throwIfAborted();
      const part: ApiBulk = await send(client, {
        ...body,
        ...(cursor === undefined ? { expect: devices } : { cursor }),
      });
      failed.push(...part.failed);
      done += part.done;
      cursor = part.cursor;
      progress.at(Math.min(done, devices), devices);
    } while (cursor !== undefined);
    return done;
  } catch (error) {
    out.note(`${done} of ${counted(devices, 'device')} done; the same command again does the rest.`);
    throw error;
  } finally {
    progress.end();
  }
}

export function showFailures(out: Out, failed: readonly ApiBulkFailure[]): void {
  for (const { id, message } of failed.slice(0, SHOWN)) out.line(red('failed'), `  ${id}  ${message}`);
  if (failed.length > SHOWN) out.line(`… and ${failed.length - SHOWN} more: --json lists all`);
}
