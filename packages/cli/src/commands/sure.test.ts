import { makeImage } from '@libfota2/testkit';
import type { Command } from 'commander';
import { expect, it, onTestFinished } from 'vitest';
import { makeDesk } from '../../test/desk.ts';
import { fota } from '../../test/run.ts';
import { createOut } from '../output/out.ts';
import { createProgram } from '../program.ts';
import { processWorld } from '../world.ts';

/** Verbs of what cannot be had back, or of what reaches many devices at once. */
const ASKED = /^(?:abort|forget|remove|revoke|rollback|skip|withdraw)$/;

const TAKING = [
  ['rollout', 'skip', '1'],
  ['rollout', 'abort', '1'],
  ['rollout', 'rollback', '1'],
  ['release', 'withdraw', '1'],
  ['device', 'forget', 'd'],
  ['device', 'block', 'd', 'e'],
  ['device', 'reset', 'd', 'e'],
  ['group', 'remove', 'g'],
  ['project', 'key', 'revoke', 'p', 'k'.repeat(32)],
  ['token', 'revoke', 'none'],
  ['user', 'remove', 'ada'],
  ['webhook', 'remove', 'none'],
];

it('whatever takes something away asks a person, and is refused where nobody can be asked', async () => {
  const desk = await makeDesk();
  onTestFinished(() => desk.clear());
  await desk.serve('--quiet');
  await desk.file('app.bin', makeImage(1, 2_000));
  await desk.json('project', 'create', 'p', '--key', 'k'.repeat(32));
  await desk.json('project', 'key', 'rotate', 'p');
  await desk.json('publish', 'app.bin', '--firmware', 'app', '--version', '1.0.0', '--rollout');
  await desk.json('device', 'allow', 'd');
  for (const args of TAKING) {
    const refused = await desk.fota([...args, '--json']);
    expect([refused.code, refused.stdout], args.join(' ')).toEqual([2, expect.stringContaining('Add --yes')]);
    const questions: string[] = [];
    const ask = async (question: string): Promise<string> => {
      questions.push(question);
      return 'n';
    };
    expect(await fota(args, { cwd: desk.dir, ask }), args.join(' ')).toMatchObject({ code: 1 });
    expect(questions).toEqual([expect.stringMatching(/\? \[y\/N\] $/)]);
  }
  const [release] = (await desk.json<{ readonly items: readonly { readonly state: string }[] }>('release', 'list'))
    .items;
  expect(release?.state).toBe('published');
});

it('has --yes wherever a verb says so, and never where something is stopped', () => {
  const world = { ...processWorld(), env: {} };
  const signal = (): AbortSignal => new AbortController().signal;
  const [out, nothing] = [createOut(world, false), () => undefined];
  const program = createProgram({ world, out, signal, onHangup: nothing, exitWith: nothing });
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap((one) => leaves(one));
  for (const command of leaves(program)) {
    const has = command.options.some(({ long }) => long === '--yes');
    if (ASKED.test(command.name())) expect(has, command.name()).toBe(true);
    if (/^(?:stop|pause)$/.test(command.name())) expect(has, command.name()).toBe(false);
  }
});
