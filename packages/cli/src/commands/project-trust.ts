import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import type { Answer } from '../client/typed.ts';
import { ApiError, CommandError, EXIT } from '../failure.ts';
import { showWarnings } from '../output/inspection.ts';
import { bold } from '../output/text.ts';
import { counted, quoted } from '../output/words.ts';
import { readIfThere, readSmall } from '../trust/files.ts';
import { pathOf } from '../trust/paths.ts';
import { keyRingIn } from '../trust/read.ts';
import { examples, type Invocation, serverOptions, withServer } from './command.ts';
import { makeSure } from './sure.ts';

type Options = Whereabouts & { readonly signature?: string; readonly replace?: boolean; readonly yes?: boolean };
type ApiKeyRing = Answer<'GET', '/projects/{project}/key-ring'>;
type RingCounts = Answer<'GET', '/projects/{project}/key-ring/devices'>['items'];

/** `fota project trust`: whose signatures the server, too, holds releases against. */
export function addProjectTrust(group: Command, invocation: Invocation): void {
  const command = serverOptions(group.command('trust')).description(
    'show the key ring of a project, or set the first or the next one; from then on nothing unsigned is published',
  );
  command
    .argument('<project>', 'its name')
    .argument('[ring]', 'file of the key ring, as fota keys new or fota keys rotate wrote it')
    .option('--signature <file>', 'by a ring key of the present ring (default: RING.minisig; the first needs none)')
    .option('--replace', 'begin anew without a signature, where all ring keys are lost: devices do not follow it')
    .option('--yes', 'with --replace: do not ask')
    .action((project: string, file: string | undefined, options: Options) => {
      if (file === undefined && (options.signature ?? options.replace) !== undefined) {
        throw new CommandError('usage', 'which key ring is to be set?', {
          remedy: 'Name its file behind the project.',
          exitCode: EXIT.usage,
        });
      }
      return withServer(invocation, options, async (client) => {
        const ring =
          file === undefined
            ? await client.get('/projects/{project}/key-ring', { path: { project } })
            : await set(invocation, client, project, file, options);
        const { items } = await client.get('/projects/{project}/key-ring/devices', { path: { project } });
        shown(invocation, project, { ...ring, devices: items });
      });
    });
  examples(
    command,
    'fota project trust tracker                              shows it',
    'fota project trust tracker tracker.ring                 the first one',
    'fota project trust tracker tracker.2.ring               the next one, with tracker.2.ring.minisig beside it',
    'fota project trust tracker --json | jq -j .text > tracker.ring',
  );
}

async function set(
  invocation: Invocation,
  client: Client,
  project: string,
  file: string,
  { signature: given, replace, yes }: Options,
): Promise<ApiKeyRing> {
  const { world } = invocation;
  const { text } = await keyRingIn(invocation, file);
  const beside = `${pathOf(world, file)}.minisig`;
  const signature = given === undefined ? await readIfThere(beside) : await readSmall(pathOf(world, given));
  if (replace === true) {
    await makeSure(invocation, yes, {
      question: `No device follows to this ring by itself: each needs it with an application. Replace the ring of ${project}?`,
      undone: 'the key ring is as it was',
      whether: `the key ring of ${project} may be replaced`,
    });
  }
  const body = { text, ...(replace === true ? { replace } : signature === undefined ? {} : { signature }) };
  try {
    return await client.send('PUT', '/projects/{project}/key-ring', { path: { project }, body });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'signature-missing') throw error;
    const remedy = `Sign it with a ring key of the present ring: fota sign ${quoted(file)} --key KEY; then the same again.`;
    throw new ApiError(error.status, { ...error.problem, remedy });
  }
}

function shown({ out }: Invocation, project: string, ring: ApiKeyRing & { readonly devices: RingCounts }): void {
  out.result(ring, () => {
    const { serial, releaseKeys, ringKeys, links, warnings, devices } = ring;
    out.facts([
      ['project', bold(project)],
      ['key ring', String(serial)],
      ['release keys', releaseKeys.join('\n')],
      ['ring keys', ringKeys.join('\n')],
      ['devices from', `ring ${serial - links.length} on follow it by themselves`],
      ['devices', countsText(devices, serial)],
    ]);
    if (devices.some((one) => one.serial > 0 && one.serial < serial)) {
      out.line(`Not there yet: fota device list 'keyring < ${serial}' --project ${quoted(project)}`);
    }
    showWarnings(out, warnings);
  });
}

/** How many devices have come to the ring, and how many have which other. */
function countsText(counts: RingCounts, present: number): string | undefined {
  if (counts.length === 0) return undefined;
  const words = counts.map(({ serial, devices }) => {
    const which = serial === 0 ? 'without a ring' : serial === present ? 'with this ring' : `with ring ${serial}`;
    return `${counted(devices, 'device')} ${which}`;
  });
  return words.join('\n');
}
