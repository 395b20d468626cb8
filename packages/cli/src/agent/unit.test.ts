import { expect, it } from 'vitest';
import type { AgentConfig } from './config.ts';
import { AGENT_SETTINGS, type AgentValues } from './settings.ts';
import { unitText } from './unit.ts';

function unit(values: Partial<AgentValues>, file = '/etc/fota/agent.toml'): string {
  const orElse = Object.fromEntries(Object.entries(AGENT_SETTINGS).map(([name, one]) => [name, one.orElse]));
  const config: AgentConfig = { file, folder: '/etc/fota', values: { ...orElse, ...values } as AgentValues };
  return unitText(config, ['/usr/bin/node', '/opt/fota/bin/fota.mjs']);
}

it('has systemd start the agent, hear of it, and end it with all that it runs', () => {
  const text = unit({ 'place.dir': '/srv/app', 'run.command': ['node', 'main.js'], 'run.stop-within': 15_000 });
  expect(text).toContain('ExecStart=/usr/bin/node /opt/fota/bin/fota.mjs agent --config /etc/fota/agent.toml\n');
  for (const line of ['Type=notify', 'NotifyAccess=all', 'WatchdogSec=60', 'Restart=always', 'KillMode=mixed']) {
    expect(text).toContain(`\n${line}\n`);
  }
  expect(text).toContain('\nTimeoutStopSec=35\n');
  expect(text).toContain('\nReadWritePaths=-/srv/app\n');
});

it('takes away from an agent alone what an application or an installer may need', () => {
  const dir = { 'place.dir': '/srv/app' };
  const alone = unit({ ...dir, 'restart.command': ['reboot'] });
  const around = unit({ ...dir, 'run.command': ['node', 'main.js'] });
  const installer = unit({ ...dir, 'place.kind': 'installer' });
  expect(alone).toContain('\nNoNewPrivileges=yes\n');
  expect(around).not.toContain('NoNewPrivileges');
  expect(around).toContain('\nProtectSystem=full\n');
  expect(installer).not.toContain('ProtectSystem');
  const partitions = { ...dir, 'place.kind': 'partitions', 'restart.command': ['reboot'] } as const;
  expect(unit({ ...partitions, 'place.boot': 'file' })).toContain('\nProtectSystem=full\n');
  // Else fw_setenv could not write an environment that is a file in /boot.
  const uboot = unit(partitions);
  expect(uboot).not.toContain('ProtectSystem');
  expect(uboot).toContain('\nNoNewPrivileges=yes\n');
  for (const text of [alone, around, installer]) {
    expect(text).not.toMatch(/MemoryDenyWriteExecute|PrivateDevices|ProtectClock/);
  }
});

it('writes any path so that systemd reads it as it is', () => {
  const text = unit({ 'place.dir': '/srv/my app', 'restart.command': ['reboot'] }, '/etc/50% "of" $x/agent.toml');
  expect(text).toContain('--config "/etc/50%% \\"of\\" $$x/agent.toml"\n');
  expect(text).toContain('ReadWritePaths="-/srv/my app"\n');
});
