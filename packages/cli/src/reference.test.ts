import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startServer } from '@libfota2/server';
import { expect, it, onTestFinished } from 'vitest';
import { apiTypes, type Document } from '../test/api-types.ts';
import { makeDesk } from '../test/desk.ts';
import { type Api, reference, settingsPage, VARIABLES } from '../test/reference.ts';
import { EXIT } from './failure.ts';
import { createOut } from './output/out.ts';
import { createProgram } from './program.ts';
import { processWorld } from './world.ts';

const page = fileURLToPath(new URL('../../../docs/commands.md', import.meta.url));
const types = fileURLToPath(new URL('client/api.gen.ts', import.meta.url));
const source = fileURLToPath(new URL('.', import.meta.url));

async function apiDocument(): Promise<Api & Document> {
  const desk = await makeDesk();
  onTestFinished(() => desk.clear());
  const server = await startServer({ dataDir: desk.dir, devices: false, admin: {} });
  onTestFinished(() => server.close());
  return (await fetch(`${server.adminUrl}/api/v1/openapi.json`)).json() as Promise<Api & Document>;
}

it('docs/commands.md says what the program and its API say of themselves', async () => {
  const world = { ...processWorld(), env: {} };
  const signal = (): AbortSignal => new AbortController().signal;
  const program = createProgram({
    world,
    out: createOut(world, false),
    signal,
    onHangup: () => undefined,
    exitWith: () => undefined,
  });
  await expect(reference(program, await apiDocument())).toMatchFileSnapshot(page);
});

it('docs/configuration.md has every setting as the program has it', async () => {
  await expect(settingsPage()).toMatchFileSnapshot(
    fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url)),
  );
});

it('the types of the client say what the API says of itself', async () => {
  await expect(apiTypes(await apiDocument())).toMatchFileSnapshot(types);
});

it('docs/commands.md knows every exit code', async () => {
  const told = [...(await readFile(page, 'utf8')).matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(told).toEqual(expect.arrayContaining(Object.values(EXIT)));
});

it('docs/commands.md knows every variable that the command reads', async () => {
  const names = (await readdir(source, { recursive: true })).filter((name) => /(?<!\.test)\.ts$/.test(name));
  const texts = await Promise.all(names.map((name) => readFile(source + name, 'utf8')));
  const read = texts.flatMap((text) => [...text.matchAll(/\benv\['(\w+)'\]/g)].map(([, name = '']) => name));
  // INIT_CWD is npm's, where `npm start` was typed.
  expect(new Set(read.filter((name) => name !== 'INIT_CWD'))).toEqual(new Set(Object.keys(VARIABLES)));
});
