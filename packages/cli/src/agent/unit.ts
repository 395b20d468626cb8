/** The unit with which systemd runs the agent. */
import { fileURLToPath } from 'node:url';
import { type AgentConfig, placeDir } from './config.ts';

/** The command itself, as systemd is to start it. */
const PROGRAM = fileURLToPath(new URL('../../bin/fota.mjs', import.meta.url));
/** Above the longest that the agent is busy without hearing of its timers: unpacking is done in pieces. */
const WATCHDOG_S = 60;

/** What no installation needs, and hardly an application. */
const ALWAYS = `ProtectHostname=yes
ProtectKernelLogs=yes
LockPersonality=yes
SystemCallArchitectures=native`;
/** What an installer may need, and an application not. */
const NO_WRITING = 'ProtectSystem=full';
/** The same of what is no file. */
const NO_INSTALLER = `ProtectKernelModules=yes
ProtectControlGroups=yes`;
/** What an application may need, and the agent alone not: pins in /sys, buses, programs that may more than it. */
const NO_APPLICATION = `ProtectHome=read-only
ProtectKernelTunables=yes
NoNewPrivileges=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK`;

export function unitText(config: AgentConfig, program: readonly string[] = [process.execPath, PROGRAM]): string {
  const { values, file } = config;
  const dir = placeDir(config);
  const command = [...program, 'agent', '--config', file].map(quoted).join(' ');
  const stopS = Math.ceil(values['run.stop-within'] / 1_000) + 20;
  const runsIt = values['run.command'] !== undefined;
  return `[Unit]
Description=fota agent: keeps ${plain(values.firmware ?? dir)} up to date
Documentation=file:${specifiers(file)}
Wants=network-online.target
After=network-online.target
# What ends again and again is started again and again: a device has nobody to do it.
StartLimitIntervalSec=0

[Service]
Type=notify
# systemd-notify speaks for the agent.
NotifyAccess=all
ExecStart=${command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=5
WatchdogSec=${WATCHDOG_S}
${runsIt ? '# The agent ends the application itself; what is left after it goes too.\n' : ''}KillMode=mixed
TimeoutStopSec=${stopS}

${hardeningOf(config)}

[Install]
WantedBy=multi-user.target
`;
}

/** As much as each kind of place lets work. Node writes memory that it executes, and partitions are devices: both stay allowed. */
function hardeningOf(config: AgentConfig): string {
  const { 'place.kind': kind, 'place.boot': boot, 'run.command': run } = config.values;
  if (kind === 'installer') return `# The installer inherits these.\n${ALWAYS}`;
  // The environment of U-Boot may be a file, which only /etc/fw_env.config names: mostly in /boot.
  const files =
    kind === 'partitions' && boot === 'uboot' ? [] : [NO_WRITING, `ReadWritePaths=${quoted(`-${placeDir(config)}`)}`];
  return run === undefined
    ? [...files, NO_INSTALLER, NO_APPLICATION, ALWAYS].join('\n')
    : ['# The application inherits these.', ...files, NO_INSTALLER, ALWAYS].join('\n');
}

/** A word as systemd reads it. */
function quoted(word: string): string {
  const plainWord = specifiers(word).replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(plainWord) ? plainWord : `"${plainWord.replace(/["\\]/g, '\\$&')}"`;
}

function specifiers(text: string): string {
  return text.replaceAll('%', '%%');
}

/** One line of text. */
function plain(text: string): string {
  return specifiers(text).replace(/\s+/g, ' ');
}
