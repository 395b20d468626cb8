/** `fota device label`, `note`, `pin`, `unpin` and `release`: what an operator says of devices. */
import type { ApiBulkFailure, ApiDevice } from '@libfota2/server';
import type { Command } from 'commander';
import type { Client } from '../client/http.ts';
import type { BodyOf } from '../client/typed.ts';
import { ApiError, CommandError, EXIT } from '../failure.ts';
import { counted } from '../output/words.ts';
import { projectOf } from './choose.ts';
import { examples, type Invocation, serverOptions, withServer } from './command.ts';
import {
  type BulkAction,
  type BulkOptions,
  bulkOptions,
  changeByQuery,
  isByQuery,
  showFailures,
} from './device-bulk.ts';

type Options = BulkOptions & {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly downgrade?: boolean;
};

type Shown = (device: ApiDevice) => void;

/** Changes one device. */
type Change = (client: Client, path: { readonly project: string; readonly device: string }) => Promise<ApiDevice>;

export function addProfile(group: Command, invocation: Invocation, shown: Shown): void {
  addLabel(group, invocation, shown);
  addNote(group, invocation, shown);
  addPin(group, invocation, shown);
  addRelease(group, invocation, shown);
}

function addLabel(group: Command, invocation: Invocation, shown: Shown): void {
  const label = bulkOptions(serverOptions(group.command('label'))).description(
    'add labels to devices, by which queries find them, or take them away',
  );
  label
    .argument('[device...]', 'their ids: imei, mac or uid; they need not have asked yet')
    .option('--add <label...>', 'words without blanks, commas and quotes')
    .option('--remove <label...>', 'they need not have them')
    .option('--project <name>', 'where there are several')
    .action(async (named: readonly string[], options: Options) => {
      const { add = [], remove = [] } = options;
      if (add.length + remove.length === 0) throw usage(label, 'nothing is to be changed: give --add or --remove');
      if (!isByQuery(label, named, options)) {
        return changeEach(invocation, named, options, patched({ addLabels: add, removeLabels: remove }), shown);
      }
      if (add.length > 0 && remove.length > 0) throw usage(label, 'with --query it takes --add or --remove, not both');
      const isAdding = add.length > 0;
      const words = (isAdding ? add : remove).join(' ');
      return changeByQuery(invocation, options, {
        body: { action: isAdding ? 'label' : 'unlabel', labels: isAdding ? add : remove },
        does: `${isAdding ? 'Label' : 'Take the label'} ${words} ${isAdding ? 'on' : 'off'}`,
        did: isAdding ? `labelled ${words}` : `without the label ${words}`,
      });
    });
  examples(
    label,
    'fota device label 861234567890123 --add beta site-berlin',
    "fota device label --query 'version < 2.0' --add old --dry-run",
    "fota device label --query 'label:old and version >= 2.0' --remove old --yes",
  );
}

function addNote(group: Command, invocation: Invocation, shown: Shown): void {
  const note = serverOptions(group.command('note')).description('note something about a device, for people');
  note
    .argument('<device>', 'its id: imei, mac or uid; it need not have asked yet')
    .argument('<text>', 'at most 2000 characters; empty: no note')
    .option('--project <name>', 'where several projects know it')
    .action((device: string, text: string, options: Options) =>
      changeEach(invocation, [device], options, patched({ note: text }), shown),
    );
  examples(note, "fota device note 861234567890123 'on the roof, behind the tank'");
}

function addPin(group: Command, invocation: Invocation, shown: Shown): void {
  const pin = bulkOptions(serverOptions(group.command('pin'))).description(
    'let a device get just one version, whatever is released and rolled out',
  );
  pin
    .argument('[device]', 'its id: imei, mac or uid; left out with --query')
    .argument('[version]', 'as the release is called, or as devices tell it')
    .option('--downgrade', 'also where a device runs a higher one')
    .option('--project <name>', 'where there are several')
    .action(async (first: string | undefined, second: string | undefined, options: Options) => {
      const named = options.query === undefined || second !== undefined ? [first ?? ''] : [];
      const version = options.query === undefined ? second : (second ?? first);
      if (version === undefined) throw usage(pin, 'no version is named');
      const mayDowngrade = options.downgrade === true;
      if (!isByQuery(pin, named, options)) {
        return changeEach(invocation, named, options, patched({ pin: { version, mayDowngrade } }), shown);
      }
      return changeByQuery(invocation, options, {
        body: { action: 'pin', version, mayDowngrade },
        does: `Pin to ${version}`,
        did: `pinned to ${version}`,
      });
    });
  examples(
    pin,
    'fota device pin 861234567890123 1.4.0',
    'fota device pin 861234567890123 1.3.0 --downgrade',
    "fota device pin 1.4.0 --query 'label:shop' --yes",
  );

  const unpin = bulkOptions(serverOptions(group.command('unpin'))).description(
    'let devices get releases again as they come',
  );
  unpin
    .argument('[device...]', 'their ids: imei, mac or uid')
    .option('--project <name>', 'where there are several')
    .action(async (named: readonly string[], options: Options) => {
      const action: BulkAction = { body: { action: 'unpin' }, does: 'Unpin', did: 'pinned no more' };
      if (isByQuery(unpin, named, options)) return changeByQuery(invocation, options, action);
      return changeEach(invocation, named, options, patched({ pin: null }), shown);
    });
  examples(unpin, 'fota device unpin 861234567890123', "fota device unpin --query 'pinned < 1.4.0'");
}

function addRelease(group: Command, invocation: Invocation, shown: Shown): void {
  const release = bulkOptions(serverOptions(group.command('release'))).description(
    'let devices that are held for an upgrade loop (code 40) have packages again; the word on them stays',
  );
  release
    .argument('[device...]', 'their ids: imei, mac or uid')
    .option('--project <name>', 'where there are several')
    .action(async (named: readonly string[], options: Options) => {
      const did = 'held for an upgrade loop no more';
      const action: BulkAction = { body: { action: 'release' }, does: 'Release', did };
      if (isByQuery(release, named, options)) return changeByQuery(invocation, options, action);
      const released: Change = (client, path) =>
        client.send('POST', '/projects/{project}/devices/{device}/release', { path });
      return changeEach(invocation, named, options, released, shown);
    });
  examples(release, 'fota device release 861234567890123', "fota device release --query 'rule = upgrade-loop'");
}

function patched(body: BodyOf<'PATCH', '/projects/{project}/devices/{device}'>): Change {
  return (client, path) => client.send('PATCH', '/projects/{project}/devices/{device}', { path, body });
}

/** The same change of some devices, one by one; of a single one the device is shown. */
async function changeEach(
  invocation: Invocation,
  ids: readonly string[],
  options: Options,
  change: Change,
  shown: Shown,
): Promise<void> {
  const { out, exitWith } = invocation;
  await withServer(invocation, options, async (client) => {
    const [only] = ids;
    if (only !== undefined && ids.length === 1) return shown(await changeOne(client, only, options, change));
    const items: ApiDevice[] = [];
    const failed: ApiBulkFailure[] = [];
    for (const id of new Set(ids)) {
      try {
        items.push(await changeOne(client, id, options, change));
      } catch (error) {
        // What is wrong with one leaves the others as they are.
        if (!(error instanceof ApiError && OF_ONE.has(error.code))) throw error;
        failed.push({ id, code: error.code, message: error.message });
      }
    }
    out.result({ items, failed }, () => {
      showFailures(out, failed);
      const rest = failed.length === 0 ? '' : `, ${failed.length} failed`;
      out.line(`${counted(items.length, 'device')} changed${rest}.`);
    });
    if (failed.length > 0) exitWith(EXIT.failed);
  });
}

const OF_ONE: ReadonlySet<string> = new Set(['id-invalid', 'device-unknown', 'labels-too-many', 'request-invalid']);

async function changeOne(client: Client, id: string, options: Options, change: Change): Promise<ApiDevice> {
  const project = await projectOf(client, id, options.project);
  return change(client, { project, device: id });
}

function usage(command: Command, message: string): CommandError {
  return new CommandError('usage', message, {
    remedy: `Try: fota device ${command.name()} --help`,
    exitCode: EXIT.usage,
  });
}
