/** Devices that `fota agent` keeps up to date: in a folder each, with a real application. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { makeTar } from '@libfota2/testkit';
import { bin } from './cli.ts';
import { type Program, start } from './programs.ts';

/** How a version of the application behaves. */
export type Behaviour = 'well' | 'unwell' | 'crashing';

const MAIN: Readonly<Record<Behaviour, (version: string) => string>> = {
  well: (version) => serving(version, 200),
  unwell: (version) => serving(version, 500),
  crashing: (version) => `throw new Error('${version} cannot start');\n`,
};

/** Answers its health at the port that is its first argument; tells its process number and version, so that two at once show. */
function serving(version: string, status: number): string {
  return `import { createServer } from 'node:http';
console.log('runs ${version}');
createServer((_, answer) => answer.writeHead(${status}).end(\`\${process.pid} ${version}\`)).listen(process.argv[2], '127.0.0.1');
`;
}

/** An image of the application. */
export async function applicationImage(version: string, behaviour: Behaviour): Promise<Buffer> {
  return gzipSync(
    await makeTar([
      { name: 'package.json', body: JSON.stringify({ name: 'app', version, type: 'module' }) },
      { name: 'main.js', body: MAIN[behaviour](version) },
    ]),
  );
}

export interface AgentOptions {
  /** Where devices ask. */
  readonly url: string;
  readonly key: string;
  readonly id: string;
  /** Where the application answers for its health. */
  readonly port: number;
  /** How often it asks, also when it starts. Default: when it is told to. */
  readonly every?: string | undefined;
  /** Further lines of the configuration: settings before the first table, then tables. */
  readonly settings?: string | undefined;
  readonly tables?: string | undefined;
}

/** What `fota agent status --json` tells, as far as tests look. */
export interface AgentTold {
  readonly isRunning: boolean;
  readonly stage: string;
  readonly version: string;
  readonly agent: { readonly pid: number };
  readonly application?: { readonly pid?: number; readonly starts: number };
  readonly failure?: { readonly code: string; readonly message: string };
}

export interface AgentHome {
  readonly config: string;
  /** Of the place. */
  readonly dir: string;
  /** Starts the agent. */
  start(): Program;
  /** Runs `fota agent` with these arguments to its end, of whatever code. */
  fota(...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }>;
  /** Of the status file. */
  status(): Promise<AgentTold | undefined>;
  /** `<process number> <version>` of the application, `undefined` where it does not answer. */
  health(): Promise<{ readonly pid: number; readonly version: string } | undefined>;
}

/** Makes a folder with a configuration, in which the agent runs an application and asks for its health. */
export async function makeAgentHome(home: string, options: AgentOptions): Promise<AgentHome> {
  await mkdir(home, { recursive: true });
  const config = join(home, 'agent.toml');
  const dir = join(home, 'app');
  const health = `http://127.0.0.1:${options.port}/health`;
  await writeFile(
    config,
    `url = "${options.url}"
key = "${options.key}"
id = "${options.id}"
firmware = "app"
${options.settings ?? ''}
[place]
dir = "app"
minutes = 1
[schedule]
every = "${options.every ?? '1d'}"
at-start = ${options.every !== undefined}
[health]
http = "${health}"
within = "2s"
steady = "0s"
[run]
command = [${JSON.stringify(process.execPath)}, "main.js", "${options.port}"]
stop-within = "2s"
${options.tables ?? ''}`,
  );
  const begin = (...args: readonly string[]): Program =>
    start(process.execPath, [bin, 'agent', ...args, '--config', config], { cwd: home });
  return {
    config,
    dir,
    start: () => begin(),
    async fota(...args) {
      const program = begin(...args);
      return { code: await program.ended, output: program.output() };
    },
    async status() {
      const text = await readFile(join(dir, 'agent.json'), 'utf8').catch(() => '');
      return text === '' ? undefined : (JSON.parse(text) as AgentTold);
    },
    async health() {
      try {
        const [pid, version = ''] = (await (await fetch(health)).text()).split(' ');
        return { pid: Number(pid), version };
      } catch {
        return undefined;
      }
    },
  };
}
