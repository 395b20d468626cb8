/** `fota device block`, `allow` and `reset`: an operator's word on devices, one or a whole list of them. */
import type { Access, ApiDevice } from '@libfota2/server';
import type { Command } from 'commander';
import type { Client } from '../client/http.ts';
import { ApiError, CommandError, EXIT, type Failure, failureOf } from '../failure.ts';
import { red } from '../output/text.ts';
import { counted } from '../output/words.ts';
import type { World } from '../world.ts';
import { projectOf } from './choose.ts';
import { examples, type Invocation, serverOptions, withServer } from './command.ts';
import { type BulkOptions, bulkOptions, changeByQuery, isByQuery } from './device-bulk.ts';
import { idsIn } from './id-list.ts';
import { makeSure } from './sure.ts';

type Options = BulkOptions & { readonly from?: string };

interface Word {
  readonly name: 'block' | 'allow' | 'reset';
  readonly access: Access;
  readonly what: string;
  /** In a question to people. */
  readonly doing: string;
}

const WORDS: readonly Word[] = [
  { name: 'block', access: 'blocked', what: 'answer devices with code 21 from now on', doing: 'Block' },
  {
    name: 'allow',
    access: 'allowed',
    what: 'let devices into a closed project, and out of an upgrade loop: what they were sent counts from nothing',
    doing: 'Allow',
  },
  { name: 'reset', access: 'default', what: 'take the word on devices back', doing: 'Take the word back on' },
];

/** Requests at a time: the server writes those that come together in one go. */
const AT_ONCE = 8;
/** Failures that people are shown. */
const SHOWN = 20;
/** What is wrong with one device, and leaves the others as they are. */
const OF_ONE: ReadonlySet<string> = new Set(['id-invalid', 'request-invalid', 'project-needed']);

interface Failed {
  readonly id: string;
  readonly error: Failure;
}

export function addAccess(group: Command, invocation: Invocation, shown: (device: ApiDevice) => void): void {
  for (const { name, access, what, doing } of WORDS) {
    const command = bulkOptions(serverOptions(group.command(name))).description(what);
    command
      .argument('[device...]', 'their ids: imei, mac or uid; they need not have asked yet')
      .option('--from <file>', 'a list of ids, one a line; - reads stdin')
      .option('--project <name>', 'where there are several')
      .action(async (named: readonly string[], options: Options) => {
        if (isByQuery(command, options.from === undefined ? named : [options.from], options)) {
          const did = access === 'default' ? 'without a word on them' : access;
          return changeByQuery(invocation, options, { body: { action: name }, does: doing, did });
        }
        const ids = await idsOf(named, options.from, invocation.world);
        // Allowing takes nothing from anybody.
        const isHarmless = access === 'allowed' || ids.length < 2;
        await makeSure(invocation, isHarmless || options.yes, {
          question: `${doing} ${counted(ids.length, 'device')}?`,
          undone: 'nothing was changed',
          whether: `to change ${counted(ids.length, 'device')}`,
        });
        const [only] = ids;
        const work = async (client: Client): Promise<void> => {
          if (only !== undefined && ids.length === 1 && options.from === undefined) {
            return shown(await change(client, only, options.project, access));
          }
          return changeAll(invocation, client, ids, options.project, access);
        };
        await withServer(invocation, options, work, { connections: AT_ONCE });
      });
    examples(
      command,
      `fota device ${name} 861234567890123 --project tracker`,
      `fota device ${name} --from ids.txt${name === 'allow' ? '' : ' --yes'} --json | jq .failed`,
      `fota device ${name} --query 'label:lost and seen < 30d ago'`,
    );
  }
}

/** Each once, in the order in which they were named. @throws CommandError `file-unreadable` */
async function idsOf(named: readonly string[], from: string | undefined, world: World): Promise<string[]> {
  return [...new Set([...named, ...(from === undefined ? [] : await idsIn(from, world))])];
}

async function change(client: Client, id: string, named: string | undefined, access: Access): Promise<ApiDevice> {
  const project = await projectOf(client, id, named);
  return client.send('PUT', '/projects/{project}/devices/{device}/access', {
    path: { project, device: id },
    body: { access },
  });
}

async function changeAll(
  { out, exitWith }: Invocation,
  client: Client,
  ids: readonly string[],
  named: string | undefined,
  access: Access,
): Promise<void> {
  const project = named ?? (await onlyProject(client));
  const items: ApiDevice[] = [];
  const failed: Failed[] = [];
  const progress = out.progress('devices', 'lines', String);
  const left = ids.values();
  const work = async (): Promise<void> => {
    for (const id of left) {
      try {
        items.push(await change(client, id, project, access));
      } catch (error) {
        failed.push({ id, error: ofOne(error) });
      }
      progress.at(items.length + failed.length, ids.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } catch (error) {
    out.note(`${items.length} of ${counted(ids.length, 'device')} done; the same command again does the rest.`);
    throw error;
  } finally {
    progress.end();
  }
  out.result({ items, failed }, () => {
    for (const { id, error } of failed.slice(0, SHOWN)) out.line(red('failed'), `  ${id}  ${error.message}`);
    if (failed.length > SHOWN) out.line(`… and ${failed.length - SHOWN} more: --json lists all`);
    const word = access === 'default' ? 'without a word on them' : access;
    out.line(`${counted(items.length, 'device')} ${word}${failed.length === 0 ? '' : `, ${failed.length} failed`}.`);
  });
  if (failed.length > 0) exitWith(EXIT.failed);
}

/** Asked once, where each device would ask it again. */
async function onlyProject(client: Client): Promise<string | undefined> {
  const { items, more } = await client.list('/projects', {}, 1);
  return more ? undefined : items[0]?.name;
}

/** @throws the error where it concerns all devices */
function ofOne(error: unknown): Failure {
  const isKnown = error instanceof ApiError || error instanceof CommandError;
  if (!isKnown || !OF_ONE.has(error.code)) throw error;
  const { code, message, remedy } = failureOf(error);
  return { code, message, remedy };
}
