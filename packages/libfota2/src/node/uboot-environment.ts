import { execFile } from 'node:child_process';
import type { BootChoice } from '../core/boot-choice.ts';
import type { BootRecord, Slot } from '../core/boot-record.ts';

/** Where the environment of U-Boot is, and which programs know it. */
export interface UbootEnvironmentOptions {
  /** What says where the environment lies. Default: the `/etc/fw_env.config` of the programs. */
  readonly config?: string | undefined;
  /** Default `fw_printenv`. */
  readonly printenv?: string | undefined;
  /** Default `fw_setenv`. */
  readonly setenv?: string | undefined;
  /** Milliseconds that each of them may take. Default 30 000. */
  readonly timeoutMs?: number | undefined;
}

/** The script counts by `setexpr`, which writes hexadecimal digits. */
const MOST_TRIES = 9;

type Variables = ReadonlyMap<string, string>;

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The boot record as variables of U-Boot, which obeys it by the script of docs/partitions.md: `fota_slot`, `fota_back`, `fota_fell`,
 * `fota_minutes` and `fota_generation`, and U-Boot's own `upgrade_available`, `bootcount` and `bootlimit` for what is being tried.
 *
 * Invariant: a record is one write of the environment, whose older copy counts until the newer one is whole. That needs a redundant
 * environment: two lines in the programs' configuration.
 */
export function ubootEnvironment(options: UbootEnvironmentOptions = {}): BootChoice {
  const { config, printenv = 'fw_printenv', setenv = 'fw_setenv', timeoutMs = 30_000 } = options;
  const where = config === undefined ? [] : ['-c', config];
  const run = (program: string, args: readonly string[], input = ''): Promise<Ran> =>
    ran(program, args, input, timeoutMs);

  const read = async (): Promise<Variables> => {
    const { stdout, stderr } = await run(printenv, where);
    // It would go on with what it was built with, which is not what this board starts by.
    if (/bad crc|using default/i.test(stderr)) {
      throw new Error(`the environment of U-Boot cannot be read: ${stderr.trim()}; has it been saved once by saveenv?`);
    }
    const lines = stdout.matchAll(/^([^=\s]+)=(.*)$/gm);
    return new Map([...lines].map(([, name = '', value = '']) => [name, value.trim()]));
  };
  /** Of the two programs of that name, that of libubootenv tells a bare version and takes `name=value`, U-Boot's own `name value`. */
  const separator = async (): Promise<string> => {
    const told = await run(setenv, ['-V']).catch(() => undefined);
    return /^\d/.test(told?.stdout ?? '') ? '=' : ' ';
  };

  return {
    mostTries: MOST_TRIES,
    unchosen: 'a',
    load: async () => recordOf(await read()),
    async save(record) {
      const wanted = variablesOf(record);
      const between = await separator();
      const script = [...wanted].map(([name, value]) => `${name}${between}${value}\n`).join('');
      await run(setenv, [...where, '-s', '-'], script);
      // Both programs are content with lines that they do not understand.
      const now = await read();
      const wrong = [...wanted].find(([name, value]) => now.get(name) !== value);
      if (wrong !== undefined) throw new Error(`${setenv} has not set ${wrong.join('=')}`);
    },
  };
}

function variablesOf({ generation, run, back, tries, minutes, fell }: BootRecord): Variables {
  const isTried = back !== undefined;
  return new Map([
    ['fota_slot', run],
    ['fota_back', back ?? '-'],
    ['fota_fell', fell ?? '-'],
    ['fota_minutes', `${minutes}`],
    ['fota_generation', `${generation}`],
    ['upgrade_available', isTried ? '1' : '0'],
    ['bootcount', '0'],
    ['bootlimit', `${tries}`],
  ]);
}

function recordOf(variables: Variables): BootRecord | undefined {
  const text = variables.get('fota_slot');
  if (text === undefined || text === '') return undefined;
  const run = slotOf(text);
  if (run === undefined)
    throw new Error(`fota_slot in the environment of U-Boot is ${JSON.stringify(text)}, and not a or b`);
  const number = (name: string): number => {
    const value = variables.get(name) ?? '';
    return /^\d{1,9}$/.test(value) ? Number(value) : 0;
  };
  const back = number('upgrade_available') === 1 ? slotOf(variables.get('fota_back')) : undefined;
  const isTried = back !== undefined && back !== run;
  return {
    generation: number('fota_generation'),
    run,
    back: isTried ? back : undefined,
    tries: isTried ? Math.max(0, number('bootlimit') - number('bootcount')) : 0,
    minutes: isTried ? number('fota_minutes') : 0,
    fell: slotOf(variables.get('fota_fell')),
  };
}

function slotOf(text: string | undefined): Slot | undefined {
  return text === 'a' || text === 'b' ? text : undefined;
}

function ran(program: string, args: readonly string[], input: string, timeoutMs: number): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: timeoutMs, encoding: 'latin1' }, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(new Error(`${program} failed: ${stderr.trim() || error.message}`, { cause: error }));
    });
    // One that ends without reading is heard of by its exit.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
