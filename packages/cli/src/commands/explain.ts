import { printDuration } from '@libfota2/protocol';
import type { ApiExplanation } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { Out } from '../output/out.ts';
import { bold, dim, green, span, yellow } from '../output/text.ts';
import { waitText } from '../output/waits.ts';
import { bytes } from '../output/words.ts';
import { projectOf } from './choose.ts';
import { examples, type Invocation, integer, serverOptions, withServer } from './command.ts';
import { stopText } from './stop.ts';

type Options = Whereabouts & {
  readonly project?: string;
  readonly firmware?: string;
  readonly version?: string;
  readonly keyRing?: number;
};

/** `fota explain`: why a device gets what it gets. */
export function addExplain(program: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const command = serverOptions(program.command('explain')).description(
    'what a device would be answered now, and why; touches nothing',
  );
  command
    .argument('<device>', 'its id: imei, mac or uid; it need not have asked yet')
    .option('--project <name>', 'where there are several')
    .option('--version <version>', 'as if it ran this version (default: what it told last)')
    .option('--firmware <name>', 'as if it asked for this firmware (default: what it asked for last)')
    .option(
      '--key-ring <number>',
      'as if it had the key ring of this number, 0 for none (default: what it told last)',
      integer(0, 999_999_999),
    )
    .action((device: string, options: Options) =>
      withServer(invocation, options, async (client) => {
        const { firmware, version, keyRing } = options;
        const project = await projectOf(client, device, options.project);
        const query = { id: device, firmware, version, keyRing };
        const told = await client.get('/projects/{project}/explain', { path: { project }, query });
        const stop = await client.get('/stop');
        out.result(told, () => {
          show(out, told, project, world.now());
          if (stop.isOn && told.rule !== 'stopped') out.line(stopText(stop));
        });
      }),
    );
  examples(
    command,
    'fota explain 861234567890123',
    'fota explain 861234567890123 --version 2012.001.004',
    'fota explain new-device --project tracker --firmware tracker_LuatOS-SoC_EC718P --version 1.0.0',
  );
}

function show(out: Out, told: ApiExplanation, project: string, now: number): void {
  const { id, idKind, firmwareName, version, keyRing } = told.question;
  out.facts([
    ['device', span(bold(id ?? ''), idKind == null ? '' : `  (${idKind})`)],
    ['project', project],
    ['firmware', firmwareName || 'none told'],
    ['version', version || 'none told'],
    ...(keyRing === undefined ? [] : [['key ring', String(keyRing)] as const]),
  ]);
  out.line();
  const longest = Math.max(...told.steps.map(({ rule }) => rule.length));
  for (const { rule, decided, says } of told.steps) {
    const name = rule.padEnd(longest);
    out.line(decided ? bold(`→ ${name}  ${says}`) : dim(`· ${name}  ${says}`));
  }
  showConsidered(out, told);
  out.line();
  out.line(
    told.answer === 'upgrade'
      ? green(upgrade(told))
      : yellow(`No upgrade: code ${told.code}, ${told.msg ?? told.rule}`),
  );
  if (told.deferral !== undefined) out.line(`The device ${waitText(told.deferral, now)}.`);
  if (told.retryAfterS !== undefined) out.line(`Asking again is of use in ${printDuration(told.retryAfterS * 1000)}.`);
  for (const hint of told.hints) out.line(`Hint: ${hint}`);
}

/** Where there was a choice: the releases that were looked at, and what came of each. */
function showConsidered(out: Out, { considered }: ApiExplanation): void {
  if (considered.length < 2 && considered.every(({ rollout }) => rollout === undefined)) return;
  out.line();
  out.table(
    ['RELEASE', 'VERSION', 'ROLLOUT', 'WAVE', 'WHAT CAME OF IT'],
    considered.map(({ release, version, rollout, wave, against }) => [
      String(release),
      version,
      rollout === undefined ? 'none: for all' : String(rollout),
      wave === undefined ? '-' : String(wave),
      against ?? 'nothing speaks against it',
    ]),
  );
}

function upgrade({ release, package: sent }: ApiExplanation): string {
  const what = release === undefined ? 'a release' : `${release.version} (release ${release.id})`;
  return `Upgrade to ${what}${sent === undefined ? '' : `, ${bytes(sent.size)}`}`;
}
