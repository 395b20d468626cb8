import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeDesk } from '../../test/desk.ts';
import { checkAgentFile } from './config.ts';
import { fileProblems } from './named-files.ts';
import { AGENT_SETTINGS } from './settings.ts';
import { agentConfigText } from './template.ts';

async function check(toml: string): Promise<ReturnType<typeof checkAgentFile>> {
  const desk = await makeDesk();
  onTestFinished(() => desk.clear());
  await desk.file('agent.toml', toml);
  return checkAgentFile(`${desk.dir}/agent.toml`);
}

async function problems(toml: string): Promise<string[]> {
  const { problems: found } = await check(toml);
  return found.map(({ line, key, code, message }) => `${line ?? '-'} ${key} ${code} ${message}`);
}

const LEAST = `url = "http://127.0.0.1:1/upgrade"
[place]
dir = "app"
[run]
command = ["node", "main.js"]
`;

const PARTITIONS = `url = "http://h/u"
version-file = "/etc/version"
[restart]
command = ["reboot"]
[place]
kind = "partitions"
dir = "d"
a = "/dev/a"
b = "/dev/b"
`;

it('docs/agent.md names every setting', async () => {
  const page = await readFile(new URL('../../../../docs/agent.md', import.meta.url), 'utf8');
  const told = [...page.matchAll(/^\| (?:`\[(\w+)\]`)? ?\| (`.*) \|$/gm)].flatMap(([, table = '', names = '']) =>
    [...names.matchAll(/`([\w-]+)`/g)].map(([, name]) => (table === '' ? name : `${table}.${name}`)),
  );
  expect(told).toEqual(expect.arrayContaining(Object.keys(AGENT_SETTINGS)));
});

describe('the configuration of the agent', () => {
  it('needs little, and begins paths at its own folder', async () => {
    const { problems: found, values, folder } = await check(LEAST);
    expect(found).toEqual([]);
    expect(values).toMatchObject({
      'place.kind': 'application',
      'place.dir': `${folder}/app`,
      'place.tries': 3,
      'schedule.every': 14_400_000,
      'windows.install': [],
      'health.within': 300_000,
    });
  });

  it('names line, key and what would be right, of all that is wrong at once, in tables too', async () => {
    expect(
      await problems(`frimware = "x"
timeout = "long"
[place]
dir = 1
[plase]
tries = 3
[schedule]
cron = "30 3 31 2 *"
[windows]
install = [
  "Mon-Fri 02:00-05:00",
  "Mon-Fry 02:00-05:00"]
[run]
command = ["node main.js"]
[health]
command = "true"
`),
    ).toEqual([
      '1 frimware config-unknown is no setting; did you mean firmware?',
      expect.stringMatching(/^2 timeout config-invalid must be a time from 10s to 20d: .*, not "long"$/),
      '4 place.dir config-invalid must be the path of a folder, not 1',
      '6 plase.tries config-unknown is no setting; did you mean place.tries?',
      expect.stringMatching(/^8 schedule\.cron config-invalid must be times as cron has them/),
      expect.stringMatching(/^10 windows\.install config-invalid must be a list, each of it days and hours/),
      expect.stringMatching(/^14 run\.command config-invalid must be a list: a program and its arguments/),
      expect.stringMatching(/^16 health\.command config-invalid/),
    ]);
  });

  it.each([
    ['', ['place.dir config-missing', 'url config-missing', 'restart.command config-missing']],
    [`${LEAST}[restart]\ncommand = ["reboot"]\n`, ['restart.command config-conflict']],
    [`trust = "a.ring"\n${LEAST}`, ['trust config-conflict']],
    [`${LEAST}[offline]\nfolder = "/media"\n`, ['offline.folder config-conflict']],
    [`version = "1"\nversion-file = "v"\n${LEAST}`, ['version-file config-conflict']],
    [`${LEAST}[schedule]\nevery = "1h"\ncron = "0 3 * * *"\n`, ['schedule.cron config-conflict']],
    [`${LEAST}[schedule]\nevery = "1h"\njitter = "2h"\n`, ['schedule.jitter config-conflict']],
    [`${LEAST}[health]\nhttp = "http://127.0.0.1/"\nwithin = "10min"\n`, ['health.within config-conflict']],
    [LEAST.replace('[run]', 'a = "/dev/x"\n[run]'), ['place.a config-conflict']],
    [
      LEAST.replace('[place]', '[place]\nkind = "partitions"'),
      [
        'run.command config-conflict',
        'place.a config-missing',
        'place.b config-missing',
        'version-file config-missing',
      ],
    ],
    [`${PARTITIONS}minutes = 0\n`, ['place.minutes config-conflict']],
    [`${PARTITIONS}minutes = 0\n[health]\ncommand = ["true"]\n`, []],
    [`${PARTITIONS}minutes = 1\n`, []],
    [
      'url = "http://h/u"\nversion-file = "v"\n[place]\nkind = "installer"\ndir = "d"\n[restart]\ncommand = ["reboot"]\n',
      ['place.command config-missing', 'version-file config-conflict'],
    ],
  ])('says what contradicts itself, or is missing (%#)', async (toml, wanted) => {
    const { problems: found } = await check(toml);
    expect(found.map(({ key, code }) => `${key} ${code}`).toSorted()).toEqual(wanted.toSorted());
  });

  it('names files that are of no use', async () => {
    const checked = await check(`trust = "a.ring"\nca = "ca.pem"\nfirmware = "x"\n${LEAST}`);
    await writeFile(join(checked.folder, 'a.ring'), 'nonsense');
    const found = fileProblems(checked);
    expect(found.map(({ key, code }) => `${key} ${code}`)).toEqual(['trust config-invalid', 'ca config-invalid']);
    expect(fileProblems(await check(LEAST))).toEqual([]);
  });

  it('is printed with every setting, and as printed says nothing but what it needs', async () => {
    const { problems: found } = await check(agentConfigText());
    expect(found.map(({ code }) => code)).toEqual(['config-missing', 'config-missing', 'config-missing']);
    const alone = agentConfigText().replace(/^#(?=[\w-]+ = )/gm, '');
    const all = await check(alone);
    expect(all.problems.map(({ code }) => code)).toEqual(all.problems.map(() => 'config-conflict'));
    const names = Object.keys(AGENT_SETTINGS) as (keyof typeof AGENT_SETTINGS)[];
    expect(names.filter((name) => all.values[name] === undefined)).toEqual([]);
  });
});
