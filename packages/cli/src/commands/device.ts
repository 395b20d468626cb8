import type { ApiDevice, ApiDeviceListing, ApiRecord } from '@libfota2/server';
import type { Command } from 'commander';
import type { QueryOf } from '../client/typed.ts';
import { bold } from '../output/text.ts';
import { waitText } from '../output/waits.ts';
import { ago, bytes, counted } from '../output/words.ts';
import { projectOf } from './choose.ts';
import { choice, examples, type Invocation, limit, nothing, serverOptions, withServer } from './command.ts';
import { addAccess } from './device-access.ts';
import { type BulkOptions, bulkOptions, changeByQuery, isByQuery } from './device-bulk.ts';
import { addProfile } from './device-profile.ts';
import { addTables } from './device-table.ts';
import { asking, projectFor } from './query.ts';
import { makeSure } from './sure.ts';

type Options = BulkOptions & {
  readonly firmware?: string;
  readonly access?: QueryOf<'/devices'>['access'];
  readonly id?: string;
  readonly count?: boolean;
  readonly limit: number;
};

/** `fota device`: who asked, and an operator's word on it. */
export function addDevice(program: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const group = program.command('device').description('show devices; block, allow, reset or forget them');

  const list = serverOptions(group.command('list')).description('devices that asked, or of which something was said');
  list
    .argument('[query]', 'those that fit, such as "version < 2.0 and label:beta"; docs/queries.md tells more')
    .option('--project <name>', 'of one project')
    .option('--firmware <name>', 'with one firmware')
    .addOption(choice('--access <access>', 'by the word on them', 'blocked', 'allowed', 'default'))
    .option('--id <prefix>', 'whose id begins so')
    .option('--count', 'only how many there are, each once')
    .option('--limit <n>', 'so many at most, or all', limit, 50)
    .action((text: string | undefined, options: Options) =>
      withServer(invocation, options, async (client) => {
        const { firmware, access, id } = options;
        const project = await projectFor(client, text, options.project);
        const query = { project, query: text, firmware, access, id };
        if (options.count === true) {
          const found = await asking(out, text, client.get('/devices/count', { query }));
          return out.result(found, () => out.line(String(found.devices)));
        }
        const page = await asking(out, text, client.list('/devices', { query }, options.limit));
        out.result(page, () => {
          if (page.items.length === 0) return out.line(nothing(query, 'No device has asked yet.'));
          const isRinged = page.items.some(({ record }) => record?.keyRing !== undefined);
          const head = ['DEVICE', 'PROJECT', 'FIRMWARE', 'VERSION', 'LAST SEEN', 'LAST ANSWER', 'ACCESS'];
          out.table(
            [...head, ...(isRinged ? ['RING'] : []), 'LABELS'],
            page.items.map((device) => row(device, world.now(), isRinged)),
          );
          if (page.more) out.note('There are more: --limit all');
        });
      }),
    );
  examples(
    list,
    'fota device list --project tracker',
    "fota device list 'version < 2.0 and label:beta and seen > 2d ago'",
    "fota device list 'state = failed' --count",
    "fota device list 'keyring < 3' --project tracker",
    'fota device list --access blocked',
    'fota device list --id 8612 --limit all',
  );

  const show = serverOptions(group.command('show')).description('what is remembered of one device');
  show
    .argument('<device>', 'its id: imei, mac or uid')
    .option('--project <name>', 'where several projects know it')
    .action((device: string, options: Options) =>
      withServer(invocation, options, async (client) => {
        const project = await projectOf(client, device, options.project);
        shown(invocation, await client.get('/projects/{project}/devices/{device}', { path: { project, device } }));
      }),
    );
  examples(show, 'fota device show 861234567890123');

  addAccess(group, invocation, (device) => shown(invocation, device));
  addProfile(group, invocation, (device) => shown(invocation, device));
  addTables(group, invocation);

  const forget = bulkOptions(serverOptions(group.command('forget'))).description(
    'forget a device and all that was said of it; where it asks again it is new',
  );
  forget
    .argument('[device]', 'its id: imei, mac or uid')
    .option('--project <name>', 'where several projects know it')
    .action((device: string | undefined, options: Options) => {
      const isBulk = isByQuery(forget, device === undefined ? [] : [device], options);
      if (isBulk || device === undefined) {
        return changeByQuery(invocation, options, { body: { action: 'forget' }, does: 'Forget', did: 'forgotten' });
      }
      return withServer(invocation, options, async (client) => {
        const project = await projectOf(client, device, options.project);
        const place = { path: { project, device } };
        await confirm(invocation, await client.get('/projects/{project}/devices/{device}', place), options.yes);
        await client.send('DELETE', '/projects/{project}/devices/{device}', place);
        out.result({ project, id: device, forgotten: true }, () => out.line(`${device} of ${project} is forgotten.`));
      });
    });
  examples(
    forget,
    'fota device forget 861234567890123',
    'fota device forget 861234567890123 --project tracker --yes',
    "fota device forget --query 'seen < 365d ago'",
  );
}

/** @throws CommandError `usage` where nobody can be asked, `interrupted` where the answer is not yes */
async function confirm(invocation: Invocation, device: ApiDevice, isSure: boolean | undefined): Promise<void> {
  const { id, project, records } = device;
  const firmwares = records.map(({ firmwareName, version }) => `${firmwareName} ${version}`).join(', ');
  const known = firmwares === '' ? 'it has not asked yet' : `it asked for ${firmwares}`;
  await makeSure(invocation, isSure, {
    question: `Forget ${id} of ${project} (${known})?`,
    undone: `${id} is not forgotten`,
    whether: `${id} is to be forgotten`,
  });
}

function row({ id, project, access, labels, record }: ApiDeviceListing, now: number, isRinged: boolean): string[] {
  return [
    id,
    project,
    record?.firmwareName ?? '-',
    record?.version || '-',
    ago(record?.lastSeenAt, now),
    record?.rule ?? '-',
    access,
    ...(isRinged ? [String(record?.keyRing ?? '-')] : []),
    labels.join(' '),
  ];
}

function shown({ out, world }: Invocation, device: ApiDevice): void {
  out.result(device, () => {
    out.facts([
      ['device', bold(device.id)],
      ['project', device.project],
      ['access', device.access],
      ['labels', device.labels.length === 0 ? undefined : device.labels.join(' ')],
      ['note', device.note],
      ['pinned', device.pin && `${device.pin.version}${device.pin.mayDowngrade ? ', also by a downgrade' : ''}`],
    ]);
    if (device.records.length === 0) {
      out.line();
      out.line('It has not asked yet.');
    }
    for (const record of device.records) {
      out.line();
      out.facts(factsOf(record, world.now()));
    }
  });
}

function factsOf(record: ApiRecord, now: number): Array<[string, string | undefined]> {
  const { sent, deliveries, attempt } = record;
  return [
    ['firmware', record.firmwareName],
    ['version', record.version],
    ['tells as', record.idKind],
    ['key ring', record.keyRing === undefined ? undefined : String(record.keyRing)],
    ['first seen', ago(record.firstSeenAt, now)],
    ['last seen', `${ago(record.lastSeenAt, now)}, asked ${counted(record.asked, 'time')}`],
    ['last answer', record.rule],
    ['last sent', sent && `${sent.version} (release ${sent.release}, ${bytes(sent.size)}) ${ago(sent.at, now)}`],
    [
      'deliveries',
      deliveries && `${deliveries.count} of one package, whole, since ${ago(deliveries.since, now)}; version unchanged`,
    ],
    [
      'last upgrade',
      attempt && `${attempt.from} → ${attempt.to}, ${attempt.state} since ${ago(attempt.changedAt, now)}`,
    ],
    ['by', attempt && originOf(attempt)],
    ['reported', attempt?.code === undefined ? undefined : `code ${attempt.code}`],
    ['because', attempt?.detail || undefined],
    ['deferred', attempt?.deferral && waitText(attempt.deferral, now)],
  ];
}

/** By what a device was offered its last upgrade. */
function originOf({ release, rollout, wave, failures }: NonNullable<ApiRecord['attempt']>): string {
  const way = rollout === undefined ? '' : `, rollout ${rollout}, wave ${wave ?? 1}`;
  return `release ${release}${way}${failures === 0 ? '' : `; failed ${counted(failures, 'time')}`}`;
}
