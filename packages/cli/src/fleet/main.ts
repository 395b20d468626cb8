/** `fota simulate fleet`: finds out what is to be known, lets the fleet live, shows it, and judges what came of it. */
import { type FleetReport, type FleetSpec, runFleet } from '@libfota2/simulator';
import { namedServer, type Whereabouts } from '../client/connect.ts';
import { type Invocation, withServer } from '../commands/command.ts';
import { EXIT } from '../failure.ts';
import { judge } from './expect.ts';
import { checkOwnership, descriptorLimit, openable } from './guard.ts';
import { isSaid, lookUp, type Place, urlParts } from './place.ts';
import { showReport } from './report.ts';
import { createFleetScreen } from './screen.ts';
import { defaults, type FleetOptions, isTree, joined, specFile, specFor, textIn, treeOf } from './wish.ts';

export type FleetCommand = Whereabouts & FleetOptions;

/** Runs `fota simulate fleet`. */
export async function simulateFleet(invocation: Invocation, options: FleetCommand): Promise<void> {
  const { world } = invocation;
  const said = joined(await specFile(options.spec, world), treeOf(options));
  const tree = joined(defaults(said), said);
  const server = isTree(said['server']) ? said['server'] : {};
  const wish = {
    url: options.url ?? textIn(server, 'url') ?? urlOf(server),
    projectKey: textIn(said, 'projectKey'),
    firmwareName: textIn(said, 'firmwareName'),
    project: options.project,
    server: namedServer(options, world),
  };
  if (isSaid(wish) && said['becomes'] !== undefined && said['versions'] !== undefined) {
    const { url, projectKey, firmwareName } = wish;
    const place = { ...urlParts(url), projectKey, firmwareName, version: undefined, versionOf: undefined };
    return live(invocation, options, specFor(tree, place), place);
  }
  return withServer(
    invocation,
    options,
    async (client) => {
      const place = await lookUp(client, wish);
      await live(invocation, options, specFor(tree, place), place);
    },
    { running: true },
  );
}

/** Of a file that names host and port only. */
function urlOf({ host, port }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof host === 'string' && typeof port === 'number' ? `http://${host}:${port}` : undefined;
}

async function live(invocation: Invocation, options: FleetCommand, wanted: FleetSpec, place: Place): Promise<void> {
  const { out, signal, exitWith } = invocation;
  if (options.showSpec === true) {
    out.raw(`${JSON.stringify(wanted, undefined, 2)}\n`);
    return;
  }
  checkOwnership(place.host, options.iOwnThisServer);
  const maxOpen = openable(wanted.maxOpen, descriptorLimit());
  if (maxOpen < wanted.maxOpen) {
    out.note(`This process may open ${maxOpen} connections at a time, not ${wanted.maxOpen}: see ulimit -n.`);
  }
  const spec = { ...wanted, maxOpen };
  const screen = out.live();
  let report: FleetReport;
  try {
    const onProgress = createFleetScreen(screen, spec);
    report = await runFleet(spec, { onProgress, versionOf: place.versionOf, signal: signal() });
  } finally {
    screen.end();
  }
  const judged = judge(options.expect ?? [], report);
  const ok = judged.every(({ met }) => met) && report.images.spliced === 0;
  out.result({ ok, ...report, expected: judged, spec }, () => showReport(out, report, judged, spec));
  if (signal().aborted) exitWith(EXIT.interrupted);
  else if (!ok) exitWith(EXIT.failed);
}
