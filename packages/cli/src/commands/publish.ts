import type { ApiPublished, ApiUpload } from '@libfota2/server';
import { type Command, Option } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import { uploadFile } from '../client/upload.ts';
import { ApiError, CommandError, EXIT } from '../failure.ts';
import { showInspection, showWarnings } from '../output/inspection.ts';
import { rolloutOptions } from '../rollouts/options.ts';
import { type PublishingOptions, rolledOut, rolloutWanted } from '../rollouts/publishing.ts';
import { pathOf } from '../trust/paths.ts';
import { type SigningOptions, signatureFor } from '../trust/publishing.ts';
import { chosenProject } from './choose.ts';
import { examples, type Invocation, serverOptions, withServer } from './command.ts';
import { showRelease } from './release.ts';
import { showMade } from './rollout.ts';
import { names } from './values.ts';

type Options = Whereabouts &
  PublishingOptions &
  SigningOptions & {
    readonly project?: string;
    readonly core?: string;
    readonly source?: string;
    readonly notes?: string;
    readonly floor?: boolean;
    readonly despiteContradictions?: boolean;
    readonly resume?: string;
  };

/** `fota publish`: a file becomes what devices are offered. */
export function addPublish(program: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const command = serverOptions(program.command('publish')).description(
    'upload a package and let devices hear of it: all at once, unless it is rolled out in waves',
  );
  command
    .argument('<file>', 'the package, as the tool makes it for upgrades')
    .option('--project <name>', 'where there are several')
    .option('--firmware <name>', 'what devices send as firmware_name (default: as content and file name tell)')
    .option('--version <version>', 'such as 1.4.0 (default: as content and file name tell)')
    .option('--core <core>', 'the core that devices run afterwards, such as V2013; none: they tell none')
    .option(
      '--source <core>',
      'the core that devices must run before, or any (default: as the content tells, else any)',
    )
    .option('--notes <text>', 'what is new, for people')
    .option('--draft', 'keep it from devices until: fota release publish ID')
    .option('--floor', 'devices below this version must pass through it')
    .option('--despite-contradictions', 'publish although content or file name tell another name or version')
    .option('--signature <file>', 'its signature (default: FILE.minisig, where it lies there)')
    .addOption(new Option('--key <file>', 'secret key to sign it with now; - for stdin').conflicts('signature'))
    .option('--hardware <names>', 'as with fota sign: with --key what is signed, else what must be signed', names)
    .option('--resume <upload>', 'go on with an upload that was given up; its id was printed then')
    .optionsGroup('In waves:')
    .option('--rollout', 'bring it to devices as fota rollout create does; so does any of these');
  rolloutOptions(command).action((file: string, options: Options) =>
    withServer(invocation, options, async (client) => {
      // A long upload would be in vain.
      await checkForm(options);
      const wanted = await rolloutWanted(options, world);
      const project = await chosenProject(client, options.project);
      if (options.project !== undefined) await client.get('/projects/{project}', { path: { project } });
      const path = pathOf(world, file);
      const signature = await signatureFor(invocation, client, { project, file, path }, options);
      const upload = await send(invocation, client, path, options.resume);
      const isHeld = wanted === undefined ? {} : { draft: true };
      const published = await publish(client, project, upload, { ...options, ...isHeld, signature });
      const made = wanted && (await rolledOut(client, published.release, wanted));
      const shown = { ...published, upload, ...made };
      out.result(shown, () => {
        showPublished(invocation, shown);
        const isDraft = made === undefined && published.isNew && options.draft === true;
        if (made !== undefined || isDraft) out.line();
        if (made !== undefined) showMade(invocation, made.rollout);
        if (isDraft) out.line(`Next: fota release publish ${published.release.id}`);
      });
    }),
  );
  examples(
    command,
    'fota publish station_1.4.0.bin --project tracker       name and version as the content tells',
    'fota publish app.bin --firmware gateway --version 1.4.0 --notes "fixes the clock"',
    'fota publish delta.bin --core V2013 --source V2012     only for devices whose core is V2012',
    'fota publish app.bin --project tracker --key release.key        signed on the way; or before, by fota sign',
    'fota publish app.bin --waves 5%,25%,100%               5 % of the devices first',
    'fota publish app.bin --draft --json | jq .release.id',
  );
}

function showPublished(
  { out, world }: Invocation,
  { upload, release, warnings, isNew }: ApiPublished & { readonly upload: ApiUpload },
): void {
  if (upload.inspection !== undefined) {
    showInspection(out, { ...upload.inspection, warnings: [] }, upload.proposal ?? {});
    out.line();
  }
  showRelease(out, release, world.now());
  showWarnings(out, warnings);
  if (!isNew) out.line('It was published before: nothing has changed.');
}

/** Refuses what the server would refuse whatever the package is. @throws FotaServerError */
async function checkForm({ firmware, version, core, source, notes }: Options): Promise<void> {
  const { ANY_SOURCE, checkedNames, checkNotes, NO_CORE, sourceOf } = await import('@libfota2/server');
  checkedNames(firmware ?? 'any', version ?? '1', core === NO_CORE ? undefined : core);
  sourceOf(source ?? ANY_SOURCE);
  checkNotes(notes ?? '');
}

async function send(
  { out, signal }: Invocation,
  client: Client,
  file: string,
  resume: string | undefined,
): Promise<ApiUpload> {
  const progress = out.progress('upload');
  let begun: string | undefined;
  try {
    return await uploadFile(client, file, {
      signal: signal(),
      resume,
      onBegin: (id) => {
        begun = id;
      },
      onProgress: (done, total) => progress.at(done, total),
      onBreak: (reason, waitMs) => progress.say(`${reason}; trying again in ${(waitMs / 1000).toFixed(1)} s`),
    });
  } catch (error) {
    if (!signal().aborted || begun === undefined) throw error;
    throw new CommandError('interrupted', `the upload was interrupted (--resume ${begun})`, {
      exitCode: EXIT.interrupted,
      remedy: 'Go on with the same command and this option.',
    });
  } finally {
    progress.end();
  }
}

/** Publishes what was uploaded. A refusal says that the bytes need not be sent again. */
async function publish(
  client: Client,
  project: string,
  upload: ApiUpload,
  options: Omit<Options, 'signature'> & { readonly signature: string | undefined },
): Promise<ApiPublished> {
  const {
    firmware: firmwareName,
    version,
    core,
    source,
    notes,
    draft,
    floor,
    despiteContradictions,
    signature,
  } = options;
  const wanted = { firmwareName, version, core, source, notes, draft, floor, despiteContradictions, signature };
  try {
    return await client.send('POST', '/releases', { body: { project, upload: upload.id, ...wanted } });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500) throw error;
    const free = error.problem['nextFreeVersion'];
    const remedy = typeof free === 'string' ? `${error.remedy} Next free: --version ${free}.` : error.remedy;
    throw new ApiError(error.status, {
      ...error.problem,
      remedy: `${remedy} The package is at the server already: add --resume ${upload.id}.`,
    });
  }
}
