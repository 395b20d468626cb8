/** Every setting of the agent, once: what it is called, what it may be, what it is without, what it does. */
import { bytes, count, duration, flag, type Kind, path } from '@libfota2/server/settings';
import { address, type CommandWords, command, cron, oneOf, windows, words } from './kinds.ts';

/** By its name what each setting is; `undefined`: nobody says, and there is nothing that it would be then. */
export interface AgentValues {
  readonly url: string | undefined;
  readonly key: string | undefined;
  readonly id: string | undefined;
  readonly firmware: string | undefined;
  readonly core: string | undefined;
  readonly hardware: string | undefined;
  readonly trust: string | undefined;
  readonly ca: string | undefined;
  readonly timeout: number;
  readonly 'max-bytes': number;
  readonly version: string | undefined;
  readonly 'version-file': string | undefined;
  readonly 'version-command': CommandWords | undefined;
  readonly 'place.kind': 'application' | 'partitions' | 'installer';
  readonly 'place.dir': string | undefined;
  readonly 'place.tries': number;
  readonly 'place.minutes': number;
  readonly 'place.a': string | undefined;
  readonly 'place.b': string | undefined;
  readonly 'place.boot': 'uboot' | 'file';
  readonly 'place.running': CommandWords | undefined;
  readonly 'place.command': CommandWords | undefined;
  readonly 'place.confirm': CommandWords | undefined;
  readonly 'place.confirm-always': boolean;
  readonly 'place.give-up': CommandWords | undefined;
  readonly 'schedule.every': number;
  readonly 'schedule.jitter': number | undefined;
  readonly 'schedule.cron': string | undefined;
  readonly 'schedule.at-start': boolean;
  readonly 'windows.install': readonly string[];
  readonly 'windows.restart': readonly string[];
  readonly 'consent.may-install': CommandWords | undefined;
  readonly 'consent.may-restart': CommandWords | undefined;
  readonly 'consent.again': number;
  readonly 'health.command': CommandWords | undefined;
  readonly 'health.http': string | undefined;
  readonly 'health.within': number;
  readonly 'health.steady': number;
  readonly 'restart.command': CommandWords | undefined;
  readonly 'restart.log': CommandWords | undefined;
  readonly 'run.command': CommandWords | undefined;
  readonly 'run.stop-within': number;
  readonly 'offline.folder': string | undefined;
  readonly 'offline.every': number;
  readonly 'log.format': 'text' | 'json' | undefined;
  readonly 'log.level': 'debug' | 'info' | 'warn' | 'error';
}

export type AgentSettingName = keyof AgentValues;

export interface AgentSetting<T = unknown> {
  readonly kind: Kind<NonNullable<T>>;
  /** What it is where nobody says. */
  readonly orElse: T;
  /** What it does, in half a sentence. */
  readonly says: string;
  /** What might stand there, where nothing does by default. */
  readonly example: NonNullable<T> | undefined;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const AGENT_SETTINGS: { readonly [Name in AgentSettingName]: AgentSetting<AgentValues[Name]> } = {
  url: may(address, 'https://fota.example.com/upgrade', 'whom to ask for upgrades; without it the IoT platform'),
  key: may(words('key'), '0123456789abcdef0123456789abcdef', 'key of the project'),
  id: may(words('id'), 'gateway-17', 'the device; without it a network card, else the machine id'),
  firmware: may(words('name'), 'gateway', 'what is asked for'),
  core: may(words('core'), 'V2013', 'the core that the device runs; begins the version on the wire'),
  hardware: may(words('name'), 'rev-b', 'the hardware that this is: what is signed for other hardware is not taken'),
  trust: may(path('file'), 'gateway.ring', 'key ring of the project: nothing else is taken; needs firmware'),
  ca: may(path('file'), 'ca.pem', "PEM file of the authority of the server's certificate; without it the system's"),
  timeout: is(duration(10 * SECOND, 20 * DAY), HOUR, 'time for one transfer; what came until then is kept'),
  'max-bytes': is(bytes(1, Number.MAX_SAFE_INTEGER), 1024 ** 3, 'what an image may have at most'),

  version: may(words('version'), '1.2.3', 'what runs, where only this file says it'),
  'version-file': may(
    words('file'),
    'package.json',
    'the file that says what runs, a text or JSON with "version", in the slot that runs; of an application package.json where nobody says',
  ),
  'version-command': may(command, ['gateway', '--version'], 'what prints the version that runs'),

  'place.kind': is(
    oneOf('application', 'partitions', 'installer'),
    'application',
    'what versions are installed in: two folders, two raw partitions, or what another program keeps',
  ),
  'place.dir': may(path('dir'), '/srv/gateway', 'the slots of an application, and what the agent itself keeps'),
  'place.tries': is(count(1, 99), 3, 'starts that a new version has to prove itself in'),
  'place.minutes': is(count(0, 9_999), 10, 'minutes from each start to do so; 0: no limit; not of an installer'),
  'place.a': may(path('file'), '/dev/mmcblk0p2', 'partitions: the one'),
  'place.b': may(path('file'), '/dev/mmcblk0p3', 'partitions: the other one'),
  'place.boot': is(
    oneOf('uboot', 'file'),
    'uboot',
    'partitions: who keeps which is started, the environment of U-Boot or files in place.dir',
  ),
  'place.running': may(
    command,
    ['cat', '/etc/slot'],
    'partitions: prints the slot that runs, a or b; installer: names what runs, differently in each slot; without it what the kernel tells',
  ),
  'place.command': may(
    command,
    ['rauc', 'install', '{file}'],
    'installer: installs an image, {file} or what is piped in',
  ),
  'place.confirm': may(command, ['rauc', 'status', 'mark-good'], 'installer: makes the version that runs stay'),
  'place.confirm-always': is(flag, false, 'installer: confirms each start, for boot loaders that count all of them'),
  'place.give-up': may(command, ['rauc', 'status', 'mark-bad'], 'installer: brings the version before back'),

  'schedule.every': is(duration(SECOND, 366 * DAY), 4 * HOUR, 'how often the server is asked'),
  'schedule.jitter': may(
    duration(0, 366 * DAY),
    30 * MINUTE,
    'how far that is spread; where nobody says a fifth of it, with cron up to 30 minutes later',
  ),
  'schedule.cron': may(cron, '30 3 * * *', 'when the server is asked, by the local clock, instead of every'),
  'schedule.at-start': is(
    flag,
    false,
    'whether it is asked at once when the agent starts; always where an application has no version yet',
  ),
  'windows.install': is(windows, [], 'hours in which a download may begin, by the local clock; none: any', [
    'Mon-Fri 02:00-05:00',
    'Sat,Sun 22:00-06:00',
  ]),
  'windows.restart': is(windows, [], 'hours in which a new version may be started; none: any', ['02:00-05:00']),
  'consent.may-install': may(
    command,
    ['/usr/local/bin/may-install'],
    'asked before a download: exit code 0 is yes, 75 not yet; its first line says why',
  ),
  'consent.may-restart': may(command, ['/usr/local/bin/is-idle'], 'the same before a new version is started'),
  'consent.again': is(duration(SECOND, 7 * DAY), 10 * MINUTE, 'time until they are asked again'),

  'health.command': may(command, ['systemctl', 'is-active', 'gateway'], 'exit code 0: the new version is well'),
  'health.http': may(address, 'http://127.0.0.1:8080/health', 'answers 200 to 299 where the new version is well'),
  'health.within': is(duration(SECOND, 7 * DAY), 5 * MINUTE, 'time in which it must be well, or the old one returns'),
  'health.steady': is(duration(0, DAY), 10 * SECOND, 'for how long it must stay well, asked about once a second'),
  'restart.command': may(command, ['reboot'], 'restarts what was upgraded: a service, or the machine'),
  'restart.log': may(
    command,
    ['journalctl', '-u', 'gateway', '-n', '20', '-o', 'cat'],
    'prints the last lines of what was restarted, for reports of failures',
  ),
  'run.command': may(
    command,
    ['node', 'main.js'],
    'application: the agent itself starts this in the slot, and starts it again whenever it ends',
  ),
  'run.stop-within': is(duration(0, HOUR), 10 * SECOND, 'time that it has to end before it is killed'),

  'offline.folder': may(
    path('dir'),
    '/media/usb',
    'brings releases too, each a FILE and its FILE.minisig; needs trust',
  ),
  'offline.every': is(duration(SECOND, DAY), 10 * SECOND, 'how often that is looked into'),
  'log.format': may(oneOf('text', 'json'), 'json', 'where nobody says, text for a terminal, else JSON, a line each'),
  'log.level': is(oneOf('debug', 'info', 'warn', 'error'), 'info', 'the least that is told'),
};

/** It is so where nobody says. */
function is<T extends NonNullable<unknown>>(
  kind: Kind<T>,
  orElse: NoInfer<T>,
  says: string,
  example?: NoInfer<T>,
): AgentSetting<T> {
  return { kind: kind as Kind<NonNullable<T>>, orElse, says, example };
}

/** Nothing where nobody says. */
function may<T extends NonNullable<unknown>>(
  kind: Kind<T>,
  example: NoInfer<T>,
  says: string,
): AgentSetting<T | undefined> {
  return { kind: kind as Kind<NonNullable<T>>, orElse: undefined, says, example };
}
