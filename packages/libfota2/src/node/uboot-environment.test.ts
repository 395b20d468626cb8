import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { testBootChoice, tool } from '@libfota2/testkit';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type BootRecord, started } from '../core/boot-record.ts';
import { partitionSlots, ubootEnvironment, ubootScriptPath } from '../slots.ts';

const setenv = tool('fw_setenv', 'apt-get install libubootenv-tool');
const printenv = tool('fw_printenv', 'apt-get install libubootenv-tool') ?? '';
// The programs' configuration knows no blanks in paths.
const root = mkdtempSync(join(tmpdir(), 'fota-uboot-'));
afterAll(() => rmSync(root, { recursive: true }));

const ENVIRONMENT_BYTES = 4_096;
const HEAD_BYTES = 5;

/** A redundant environment in two files, as a first `saveenv` leaves it. The path of what says where it lies. */
function makeEnvironment(variables: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(root, 'env-'));
  const data = Buffer.alloc(ENVIRONMENT_BYTES - HEAD_BYTES);
  const pairs = Object.entries({ bootdelay: '1', ...variables }).map((pair) => `${pair.join('=')}\0`);
  data.write(pairs.join(''), 'latin1');
  const copy = Buffer.alloc(ENVIRONMENT_BYTES);
  copy.writeUInt32LE(crc32(data), 0);
  copy[4] = 1;
  data.copy(copy, HEAD_BYTES);
  writeFileSync(join(dir, '0'), copy);
  writeFileSync(join(dir, '1'), Buffer.alloc(ENVIRONMENT_BYTES));
  const config = join(dir, 'config');
  writeFileSync(
    config,
    ['0', '1'].map((name) => `${join(dir, name)} 0x0 0x${ENVIRONMENT_BYTES.toString(16)}\n`).join(''),
  );
  return config;
}

/** What U-Boot's shell is to this one: variables come from the environment and go back there. */
const BOARD = `
setenv() { name=$1; shift; eval "$name=\\$*"; }
setexpr() { eval "$1=\\$(($2 $3 $4))"; }
run() { eval "eval \\"\\$$1\\""; }
saveenv() {
  [ "$BROKEN" != yes ] || return 1
  for name in fota_slot fota_back fota_fell upgrade_available bootcount bootlimit; do
    eval "printf '%s=%s\\n' $name \\"\\$$name\\""
  done | fw_setenv -c "$CONFIG" -s -
}
while IFS= read -r line; do name=\${line%%=*} value=\${line#*=}; eval "$name=\\$value"; done <<EOF
$(fw_printenv -c "$CONFIG")
EOF
`;
/** What a board adds to the script. */
const ITS_OWN = {
  fota_part_a: '2',
  fota_part_b: '3',
  fota_start: 'echo "starts $fota_slot from $fota_part"',
};

/** Starts the board once, as U-Boot without a counter of its own does; what it started. */
function start(config: string, { command = 'bootcmd', broken = false } = {}): string | undefined {
  const env = { ...process.env, CONFIG: config, BROKEN: broken ? 'yes' : 'no' };
  const said = execFileSync('sh', ['-c', `${BOARD}\nrun ${command}`], { env, encoding: 'latin1' });
  return /^starts ([ab] from \d)$/m.exec(said)?.[1];
}

const script = Object.fromEntries(
  readFileSync(ubootScriptPath, 'latin1')
    .trimEnd()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);
const onBoard = (more: Readonly<Record<string, string>> = {}): string =>
  makeEnvironment({ ...script, ...ITS_OWN, ...more });

const TRIAL: BootRecord = { generation: 5, run: 'b', back: 'a', tries: 2, minutes: 0, fell: undefined };

describe.skipIf(setenv === undefined)('the environment of U-Boot', () => {
  testBootChoice(it, async () => {
    const config = makeEnvironment();
    return { choice: ubootEnvironment({ config }), again: () => ubootEnvironment({ config }) };
  });

  it('is left alone but for the variables of the record', async () => {
    const config = makeEnvironment({ bootcmd: 'run distro', ethaddr: '02:00:00:00:00:01' });
    await ubootEnvironment({ config }).save(TRIAL);
    const text = execFileSync(printenv, ['-c', config], { encoding: 'latin1' });
    expect(text.trim().split('\n').sort()).toEqual([
      'bootcmd=run distro',
      'bootcount=0',
      'bootdelay=1',
      'bootlimit=2',
      'ethaddr=02:00:00:00:00:01',
      'fota_back=a',
      'fota_fell=-',
      'fota_generation=5',
      'fota_minutes=0',
      'fota_slot=b',
      'upgrade_available=1',
    ]);
  });

  it('keeps the record before where a write was cut off anywhere', async () => {
    const config = makeEnvironment();
    const choice = ubootEnvironment({ config });
    await choice.save({ ...TRIAL, generation: 4 });
    await choice.save(TRIAL);
    const paths = ['0', '1'].map((name) => join(config, '..', name));
    const before = paths.map((path) => readFileSync(path));
    await choice.save({ ...TRIAL, generation: 6, run: 'a', back: undefined, tries: 0, fell: 'b' });
    const changed = paths.findIndex((path, index) => !readFileSync(path).equals(before[index] ?? Buffer.alloc(0)));
    const whole = readFileSync(paths[changed] ?? '');
    for (const cut of [0, 3, 4, 5, 60]) {
      const torn = Buffer.concat([whole.subarray(0, cut), before[changed]?.subarray(cut) ?? Buffer.alloc(0)]);
      writeFileSync(paths[changed] ?? '', torn);
      expect((await choice.load())?.generation, `cut after ${cut} bytes`).toBe(5);
    }
  });

  it('is not taken for empty where it cannot be read', async () => {
    const config = makeEnvironment();
    for (const name of ['0', '1']) writeFileSync(join(config, '..', name), Buffer.alloc(ENVIRONMENT_BYTES, 0xff));
    await expect(ubootEnvironment({ config }).load()).rejects.toThrow(/fw_printenv|cannot be read/);
    await expect(ubootEnvironment({ config: `${config}.none` }).load()).rejects.toThrow(/fw_printenv failed/);
    await expect(ubootEnvironment({ printenv: '/no/such/program' }).load()).rejects.toThrow(/no.such.program failed/);
    const odd = makeEnvironment({ fota_slot: 'c' });
    await expect(ubootEnvironment({ config: odd }).load()).rejects.toThrow('"c", and not a or b');
  });

  it('says so where a program has not set what it was told', async () => {
    const config = makeEnvironment();
    await expect(ubootEnvironment({ config, setenv: 'true' }).save(TRIAL)).rejects.toThrow(
      'true has not set fota_slot=b',
    );
  });

  it('has slot a started as long as nothing was chosen, so that is not the one to be written', async () => {
    const dir = mkdtempSync(join(root, 'slots-'));
    for (const name of ['a', 'b']) writeFileSync(join(dir, name), Buffer.alloc(100));
    const boot = ubootEnvironment({ config: makeEnvironment() });
    const where = { a: join(dir, 'a'), b: join(dir, 'b'), dir, boot };
    const { target } = partitionSlots({ ...where, running: 'a' });
    await target.init(100, undefined);
    await target.write(new Uint8Array(100).fill(7));
    await target.done();
    expect(await target.finish(true)).toBe(join(dir, 'b'));
    expect(await boot.load()).toMatchObject({ generation: 1, run: 'b', back: 'a' });
    // Where b runs all the same somebody else starts it: then neither may be written.
    const odd = partitionSlots({ ...where, boot: ubootEnvironment({ config: makeEnvironment() }), running: 'b' });
    await expect(odd.target.init(100, undefined)).rejects.toThrow('still does');
  });

  it('installs and confirms nothing where nobody tells which slot runs: it may have gone back', async () => {
    const dir = mkdtempSync(join(root, 'slots-'));
    for (const name of ['a', 'b']) writeFileSync(join(dir, name), Buffer.alloc(100));
    const boot = ubootEnvironment({ config: makeEnvironment() });
    await boot.save(TRIAL);
    const slots = partitionSlots({ a: join(dir, 'a'), b: join(dir, 'b'), dir, boot });
    await expect(slots.confirm()).rejects.toThrow('nothing tells which slot');
    await expect(slots.standing()).rejects.toThrow('fota.slot=a');
    expect(await slots.giveUp()).toBe(true);
    await expect(slots.target.init(100, undefined)).rejects.toThrow('nothing tells which slot');
  });

  it('counts no further than its script can', () => {
    const boot = ubootEnvironment();
    expect(() => partitionSlots({ a: '/a', b: '/b', dir: '/d', boot, tries: 10 })).toThrow(RangeError);
    partitionSlots({ a: '/a', b: '/b', dir: '/d', boot, tries: 9 });
  });
});

it('the script for U-Boot is the documented one', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../../../docs/partitions.md'), 'latin1');
  expect(docs).toContain(`\n\`\`\`sh\n${readFileSync(ubootScriptPath, 'latin1')}\`\`\`\n`);
});

describe.skipIf(setenv === undefined)('the script for U-Boot', () => {
  it('starts slot a where nothing was chosen yet', () => {
    expect(start(onBoard())).toBe('a from 2');
    expect(start(onBoard({ fota_slot: 'b' }))).toBe('b from 3');
  });

  it('tries a version as often as it may, and goes back then', async () => {
    const config = onBoard();
    const choice = ubootEnvironment({ config });
    await choice.save(TRIAL);
    expect([start(config), start(config)]).toEqual(['b from 3', 'b from 3']);
    expect(await choice.load()).toEqual({ ...TRIAL, tries: 0 });
    expect([start(config), start(config)]).toEqual(['a from 2', 'a from 2']);
    expect(await choice.load()).toEqual({ ...TRIAL, run: 'a', back: undefined, tries: 0, fell: 'b' });
  });

  it('leaves alone what is confirmed', async () => {
    const config = onBoard();
    const choice = ubootEnvironment({ config });
    const settled: BootRecord = { ...TRIAL, back: undefined, tries: 0 };
    await choice.save(settled);
    for (let n = 0; n < 3; n += 1) expect(start(config)).toBe('b from 3');
    expect(await choice.load()).toEqual(settled);
  });

  it('starts the old version where it cannot count', async () => {
    const config = onBoard();
    await ubootEnvironment({ config }).save(TRIAL);
    expect(start(config, { broken: true })).toBe('a from 2');
    expect(await ubootEnvironment({ config }).load()).toEqual(TRIAL);
    expect(start(config)).toBe('b from 3');
  });

  it('goes back where U-Boot itself counted too far', async () => {
    const config = onBoard();
    const choice = ubootEnvironment({ config });
    await choice.save(TRIAL);
    expect(start(config, { command: 'altbootcmd' })).toBe('a from 2');
    expect(await choice.load()).toMatchObject({ run: 'a', back: undefined, fell: 'b' });
    // A counter that goes on where nothing is being tried changes nothing.
    expect(start(config, { command: 'altbootcmd' })).toBe('a from 2');
    expect(await choice.load()).toMatchObject({ run: 'a', back: undefined, fell: 'b' });
  });

  it('does at a start what the library thinks that it does', { timeout: 100_000 }, async () => {
    const slot = fc.constantFrom('a' as const, 'b' as const);
    const record = fc.record({
      generation: fc.constant(7),
      run: slot,
      isTried: fc.boolean(),
      tries: fc.nat(9),
      minutes: fc.constant(0),
      fell: fc.option(slot, { nil: undefined }),
    });
    const config = onBoard();
    const choice = ubootEnvironment({ config });
    await fc.assert(
      fc.asyncProperty(record, async ({ isTried, ...one }) => {
        const back = one.run === 'a' ? ('b' as const) : ('a' as const);
        const before: BootRecord = isTried ? { ...one, back } : { ...one, back: undefined, tries: 0 };
        await choice.save(before);
        const after = started(before);
        expect(start(config)).toBe(`${after.run} from ${after.run === 'a' ? 2 : 3}`);
        // Of whoever writes to the environment, only the library counts its writes.
        expect(await choice.load()).toEqual({ ...after, generation: before.generation });
      }),
      { numRuns: process.env['PROVE'] === undefined ? 6 : 300 },
    );
  });
});
