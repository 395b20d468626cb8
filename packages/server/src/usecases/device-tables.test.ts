import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_FILTER } from '../../test/suites/samples.ts';
import { DAY, type World, worldOf } from '../../test/suites/world.ts';
import { createTableReader, type DeviceTable } from '../domain/device-table.ts';
import { createDeviceTables, type DeviceTables } from './device-tables.ts';

async function made(): Promise<{ readonly world: World; readonly tables: DeviceTables; readonly told: unknown[] }> {
  const world = await worldOf();
  const told: unknown[] = [];
  const { queries, fleet, profiles, time } = world;
  const tables = createDeviceTables({
    queries,
    fleet,
    profiles,
    events: {
      along: async (event, change) => {
        const done = await change();
        told.push(event);
        return done;
      },
    },
    project: world.catalogue.project,
    now: time.now,
    later: time.later,
  });
  return { world, tables, told };
}

/** Lets time pass until it is over: what is written waits for its turn. */
async function done<T>({ time }: World, work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  while (!isOver) await time.pass(0);
  return over;
}

function blocked(world: World, id: string): Promise<void> {
  return done(world, world.fleet.setAccess({ project: 'p', id, access: 'blocked', at: 0 }));
}

function table(text: string): DeviceTable {
  const reader = createTableReader('p');
  reader.add(text);
  return reader.end();
}

async function exported({ world, tables }: { readonly world: World; readonly tables: DeviceTables }): Promise<string> {
  const text = async (): Promise<string> => {
    let all = '';
    for await (const part of await tables.export({ ...NO_FILTER, project: 'p', query: undefined })) all += part;
    return all;
  };
  return done(world, text());
}

describe('a table', () => {
  it('has a line for each firmware of each device that fits, with all that is known', async () => {
    const both = await made();
    const { world } = both;
    await world.publish('1.5');
    await world.ask({ id: 'b', version: '1.0' });
    await done(
      world,
      both.tables.import('p', table('id,access,labels,note,pin\na,allowed,x y,"=1+1, or ""2""",1.4 downgrade\n')),
    );
    const [head, ...lines] = (await exported(both)).split('\r\n');
    expect(head).toBe(
      'id,access,labels,note,pin,project,firmware,version,first_seen,last_seen,asked,rule,deliveries,release,rollout,wave,state,state_since,code,reason,deferred_until,key_ring',
    );
    expect(lines).toEqual([
      'a,allowed,x y,"\'=1+1, or ""2""",1.4 downgrade,p,,,,,,,,,,,,,,,,',
      expect.stringMatching(
        /^b,default,,,,p,app,1\.0,2026-\S+Z,2026-\S+Z,1,newer-release,1,1,,,downloading,2026-\S+Z,,,,$/,
      ),
      '',
    ]);
  });

  it('that was exported changes nothing, and says all of it elsewhere, whatever was said', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }).filter((one) => !/[^\P{C}\t\n\r]/u.test(one)),
      fc.constantFrom('-', "'-", '=1', ' x ', ',', '"', 'a\r\nb', '\t', '＝1', ';'),
    );
    const label = fc.constantFrom('beta', '-', '=x', '@y', '北京', 'a;b');
    const access = fc.constantFrom('default', 'blocked', 'allowed');
    const pin = fc.constantFrom(
      undefined,
      { version: '1.4', mayDowngrade: true },
      { version: '2', mayDowngrade: false },
    );
    const device = fc.record({ access, labels: fc.uniqueArray(label, { maxLength: 3 }), note: text, pin });
    const ids = fc.uniqueArray(fc.constantFrom('a', '=b', '-c', ' d', '861234567890123', '1E+5', 'ü,"'), {
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(ids, fc.array(device, { minLength: 7, maxLength: 7 }), async (names, devices) => {
        const [one, other] = [await made(), await made()];
        for (const [at, id] of names.entries()) {
          const { access, labels, note, pin } = devices[at] ?? {
            access: 'default',
            labels: [],
            note: '',
            pin: undefined,
          };
          await done(one.world, one.world.fleet.setAccess({ project: 'p', id, access: access as 'default', at: 0 }));
          await done(one.world, one.world.profiles.change([{ project: 'p', id, change: { labels, note, pin } }]));
        }
        const text = await exported(one);
        expect(await done(one.world, one.tables.import('p', table(text)))).toMatchObject({ changed: 0, unknown: 0 });
        // What looks rounded is taken of devices that are known only.
        if (text.includes('1E+5')) await blocked(other.world, '1E+5');
        await done(other.world, other.tables.import('p', table(text)));
        expect(await exported(other)).toBe(text);
      }),
      { numRuns: 40 },
    );
  });

  it('changes what is new in it, tells the words on devices as events, and says what it did', async () => {
    const both = await made();
    const { world, tables, told } = both;
    await world.publish('1.5');
    await world.ask({ id: 'b' });
    await done(world, tables.import('p', table('id,access\na,blocked\n')));
    const text = 'id,access,labels\na,blocked,beta\nb,allowed,\nc,,\nd,blocked,x\ne,default,\n';
    const outcome = await done(world, tables.check('p', table(text)));
    expect(outcome).toMatchObject({ lines: 5, devices: 5, changed: 3, added: 1, unknown: 2 });
    expect(outcome.sample[0]).toMatchObject({
      line: 2,
      id: 'a',
      isNew: false,
      after: { profile: { labels: ['beta'] } },
    });
    expect(world.fleet.access('p', 'd')).toBe('default');
    expect(await done(world, tables.import('p', table(text)))).toEqual(outcome);
    expect(told.slice(1)).toEqual([
      { type: 'device.access', project: 'p', data: { access: 'blocked', count: 1 } },
      { type: 'device.access', project: 'p', data: { access: 'allowed', count: 1 } },
    ]);
    expect(await done(world, tables.import('p', table(text)))).toMatchObject({ changed: 0, unknown: 2 });
  });

  it('that allows a device which is allowed already does not release it from an upgrade loop', async () => {
    const { world, tables } = await made();
    await world.publish('1.5');
    await done(world, tables.import('p', table('id,access\na,allowed\n')));
    for (let i = 0; i < 7; i += 1) await world.ask({ id: 'a', version: '1.0' });
    await done(world, tables.import('p', table('id,access,note\na,allowed,noisy\n')));
    expect((await world.ask({ id: 'a', version: '1.0' })).decision.rule).toBe('upgrade-loop');
  });

  it('with one line that cannot be taken changes nothing', async () => {
    const { world, tables } = await made();
    const lines = Array.from({ length: 10_000 }, (_, i) => `d${i},${i === 9_997 ? 'nope' : 'blocked'}\n`);
    const given = table(`id,access\n${lines.join('')}`);
    for (const work of [tables.check, tables.import]) {
      await expect(done(world, work('p', given))).rejects.toMatchObject({
        code: 'table-invalid',
        message: expect.stringMatching(/^line 9999, access: "nope"/),
        facts: { wrong: 1, problems: [{ line: 9_999, column: 'access' }] },
      });
    }
    expect(await world.queries.count({ ...NO_FILTER, project: 'p', query: undefined })).toBe(0);
  });

  it('with a number that a spreadsheet has rounded names no new device', async () => {
    const { world, tables } = await made();
    await expect(done(world, tables.import('p', table('id,note\n8.61235E+14,x\n')))).rejects.toMatchObject({
      facts: { problems: [{ line: 2, column: 'id', message: expect.stringContaining('as text') }] },
    });
  });

  it('that cannot be written is told, and the same again does the rest', async () => {
    const { world, tables } = await made();
    const given = table('id,access,labels\na,blocked,beta\nb,blocked,beta\n');
    world.devices.setFull(true);
    await expect(done(world, tables.import('p', given))).rejects.toMatchObject({ code: 'disk-full' });
    world.devices.setFull(false);
    await world.time.pass(DAY);
    await done(world, tables.import('p', given));
    const query = 'access = blocked and label:beta';
    expect(await world.queries.count({ ...NO_FILTER, project: 'p', query })).toBe(2);
  });

  it('of a project that is not there is none', async () => {
    const { tables } = await made();
    await expect(tables.check('nope', table('id,note\n'))).rejects.toMatchObject({ code: 'project-unknown' });
  });
});
