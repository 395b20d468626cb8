import { once } from 'node:events';
import type { CheckIn, FotaServer, LostRequest, ServerOptions, StoredEvent } from '@libfota2/server';
import { OWN } from '@libfota2/server/settings';
import type { Command } from 'commander';
import { devicePath, outwardUrls } from '../client/addresses.ts';
import { whenFree } from '../client/connect.ts';
import { type Configuration, configured, isOn, optionsOf } from '../config/configuration.ts';
import { givenBy, settingOptions } from '../config/flags.ts';
import { failureOf } from '../failure.ts';
import type { Out } from '../output/out.ts';
import { bold, cyan, green, red, span, type Text, yellow } from '../output/text.ts';
import { clockTime } from '../output/words.ts';
import { examples, type Invocation, jsonOption } from './command.ts';
import { stopText } from './stop.ts';

/** `fota serve`: the upgrade server, until Ctrl-C. */
export function addServe(program: Command, invocation: Invocation): void {
  const command = settingOptions(jsonOption(program.command('serve'))).description(
    'run the upgrade server until Ctrl-C',
  );
  command.addHelpText('after', REST);
  examples(
    command,
    'fota serve',
    'fota serve --host 0.0.0.0 --data /srv/fota',
    'fota serve --config /etc/fota.toml',
    'fota serve --port 0 --no-admin --quiet',
    'fota serve --json | jq \'select(.event == "check-in")\'',
  );
  command.action(() => serve(invocation, configured(givenBy(command), invocation.world)));
}

const REST = `
Each of these may also stand in the configuration file, as name = value, or in a
variable: --max-devices is max-devices and FOTA_MAX_DEVICES. An option weighs
more than a variable, a variable more than the file. fota config check looks at
all of them, fota config init writes a file to begin with.`;

async function serve({ out, world, signal, onHangup }: Invocation, configuration: Configuration): Promise<void> {
  const ended = signal();
  const { startServer } = await import('@libfota2/server');
  const options = optionsOf(configuration);
  const isQuiet = isOn(configuration, OWN.quiet);
  const settings: ServerOptions = {
    ...options,
    onCheckIn: (checkIn) => {
      if (!isQuiet) out.event({ event: 'check-in', ...documentOf(checkIn) }, lineOf(checkIn));
    },
    onLost: (lost) => {
      if (!isQuiet) tellLost(out, lost);
    },
    // Also where nobody is shown who asks: a rollout that pauses waits for somebody.
    onEvent: (event) => tellEvent(out, event),
    onProblem: (problem) => tellProblem(out, problem, world.now()),
  };
  const server = await whenFree(options.dataDir, ended, () => startServer(settings));
  // At a terminal it says that the terminal is gone.
  if (world.stdout.isTTY !== true) onHangup(() => void server.reload());
  try {
    tellStart(out, server, settings, configuration.file);
    if (!ended.aborted) await once(ended, 'abort');
    out.event({ event: 'stopping', at: new Date(world.now()).toISOString() }, stopping(options.graceMs ?? 0));
  } finally {
    await server.close();
  }
  out.event({ event: 'stopped', at: new Date(world.now()).toISOString() }, 'Stopped.');
}

function tellStart(out: Out, server: FotaServer, options: ServerOptions, configFile: string | undefined): void {
  const { url, tlsUrl, paths, adminUrl, dataDir, firstToken } = server;
  const { host = '', admin: { host: adminHost = '' } = {} } = options;
  if (out.isJson) out.event({ event: 'started', url, tlsUrl, paths, adminUrl, dataDir, configFile, firstToken }, '');
  const urls = [...new Set([url, tlsUrl ?? url])];
  const devices = urls.flatMap((one) => [one, ...outwardUrls(one, host).filter((other) => other !== one)]);
  const admin = adminUrl === undefined ? [] : outwardUrls(adminUrl, adminHost);
  out.facts([
    ...devices.map((one, i): [string, Text] => [i === 0 ? 'devices' : '', span(cyan(one), devicePath(paths))]),
    ['admin', adminUrl === undefined ? 'only commands on this machine' : cyan(adminUrl)],
    ...admin.filter((one) => one !== adminUrl).map((one): [string, Text] => ['', cyan(one)]),
    ['data', dataDir],
    ['config', configFile],
    ['token', firstToken && span(bold(firstToken), '  (shown this once)')],
  ]);
  out.line();
  if (firstToken !== undefined && admin[0] !== undefined) {
    out.line(`From another machine: FOTA_SERVER=${admin[0]} FOTA_TOKEN=${firstToken} fota project list`);
    out.line();
  }
  out.line(
    'On this machine, in another terminal: fota project create NAME, fota publish FILE. Ctrl-C ends the server.',
  );
  out.line();
  const stop = server.rollouts.stop();
  if (!stop.isOn) return;
  out.line(stopText(stop), '  (fota stop --off lets them go on)');
  out.line();
}

/** What becomes of rollouts and the global stop; the rest is for fota events. */
function tellEvent(out: Out, { at: moment, type, project, data }: StoredEvent): void {
  const [family] = type.split('.');
  if (family !== 'rollout' && family !== 'stop') return;
  const at = new Date(moment).toISOString();
  out.event({ event: type, at, project, ...data }, span(`${clockTime(at)}  `, toldOf(type, data)));
}

function toldOf(type: StoredEvent['type'], { rollout, firmwareName, wave, reason = '' }: StoredEvent['data']): Text {
  if (type === 'stop.on') return stopText({ why: reason });
  if (type === 'stop.off') return green('Upgrades go on: the stop is lifted.');
  const what = type.slice('rollout.'.length);
  const said = `rollout ${rollout} of ${firmwareName} ${what}${wave === undefined ? '' : `, wave ${wave}`}`;
  const text = reason === '' ? said : `${said}: ${reason}`;
  return type === 'rollout.paused' || type === 'rollout.aborted' ? yellow(text) : text;
}

/** A device that asks at a wrong path cannot say so itself; of each kind of such requests one is told a minute. */
function tellLost(out: Out, { at: moment, status, detail }: LostRequest): void {
  const at = new Date(moment).toISOString();
  out.event({ event: 'unreadable', at, status, detail }, `${clockTime(at)}  ${status} ${detail}`);
}

function tellProblem(out: Out, problem: unknown, now: number): void {
  const { code, message, remedy } = failureOf(problem);
  const at = new Date(now).toISOString();
  out.event(
    { event: 'problem', at, code, message, remedy },
    span(`${clockTime(at)}  `, red('problem'), `  ${message}`),
  );
}

function documentOf({ at, device, rule, code, releaseVersion }: CheckIn): object {
  return { at: new Date(at).toISOString(), ...device, code, rule, releaseVersion };
}

function lineOf({ at, device, rule, code, releaseVersion }: CheckIn): string {
  const who = device.id || 'a device without id';
  const what = [device.project, device.firmwareName, device.version].filter((text) => text !== '').join(' ');
  const answer =
    code === 0 ? `is sent ${releaseVersion}` : code === 304 ? `has ${releaseVersion} already` : `${code} ${rule}`;
  return `${clockTime(new Date(at).toISOString())}  ${who}  ${what}  → ${answer}`;
}

function stopping(graceMs: number): string {
  return `Stopping: downloads under way have ${graceMs / 1000} s. A second Ctrl-C ends at once.`;
}
