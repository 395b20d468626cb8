import { csvLine } from '@libfota2/protocol';
import { describe, expect, it } from 'vitest';
import { createTableReader, type DeviceTable, MOST_LINES } from './device-table.ts';

function read(text: string, mostLines = MOST_LINES): DeviceTable {
  const reader = createTableReader('p', mostLines);
  reader.add(text);
  return reader.end();
}

/** What is wrong, as `line column: message`. */
function wrongIn(text: string): string[] {
  return read(text).problems.map(({ line, column, message }) => `${line} ${column ?? '-'}: ${message}`);
}

describe('a line of a table', () => {
  it('says of a device what its cells say; an empty one says nothing, and a dash takes away', () => {
    const head = 'ID, Access ,labels,note,pin\r\n';
    expect(read(`${head}a,blocked, beta  北京 ,on the roof,1.4.0\r\nb,,,,\nc,-,-,-,-\n`)).toEqual({
      devices: [
        {
          line: 2,
          id: 'a',
          access: 'blocked',
          profile: { labels: ['beta', '北京'], note: 'on the roof', pin: { version: '1.4.0', mayDowngrade: false } },
        },
        { line: 3, id: 'b', access: undefined, profile: {} },
        { line: 4, id: 'c', access: 'default', profile: { labels: [], note: '', pin: null } },
      ],
      lines: 3,
      problems: [],
      wrong: 0,
    });
    expect(read('id,pin\na,1.4.0 downgrade').devices[0]?.profile.pin).toEqual({ version: '1.4.0', mayDowngrade: true });
  });

  it('is taken without the guard against formulas: with it a dash is a text', () => {
    const [device] = read(`id,labels,note\n${csvLine(['=id', '-', '-'])}`).devices;
    expect(device).toMatchObject({ id: '=id', profile: { labels: ['-'], note: '-' } });
    expect(read('id,note\na,-3 °C\n').devices[0]?.profile.note).toBe('-3 °C');
  });

  it('may be one of several of the same device, as long as they do not contradict each other', () => {
    const table = 'id,access,labels,firmware\na,blocked,,app\na,,beta,modem\na,blocked,beta,other\n';
    expect(read(table)).toMatchObject({
      lines: 3,
      devices: [{ line: 2, id: 'a', access: 'blocked', profile: { labels: ['beta'] } }],
    });
    expect(wrongIn(`${table}a,allowed,,\n`)).toEqual(['5 id: it says another thing of this device than line 2']);
  });

  it('is passed over where all its cells are empty', () => {
    expect(read('id,note\n,\na,x\n,\n')).toMatchObject({ lines: 1, wrong: 0 });
  });
});

describe('what is wrong with a table', () => {
  it.each([
    ['', '1 -: the table is empty: it needs a head with the names of its columns'],
    ['id,note,lable\n', '1 -: "lable" is no column; did you mean labels?'],
    ['id,note,sgwxz\na,b,c\n', '1 -: "sgwxz" is no column'],
    ['id,note,Note\n', '1 -: the column "note" is there twice'],
    ['note\nx\n', '1 -: the column "id" is missing: nobody knows which devices are meant'],
    ['id,version\n', '1 -: the table has nothing to change: give access, labels, note, pin, or some of them'],
    ['id,note\na,b,c\n', '2 -: the line has 3 cells, and the head 2'],
    ['id,note\na,"b\n', '2 -: a quote is opened here and not closed (character 3 of the line)'],
    ['id,note\n,x\n', '2 id: the line has no device id'],
    ['id,note\na\u0007,x\n', '2 id: "a\\u0007" is no device id'],
    ['id,access\na,block\n', '2 access: "block" is no word on a device; did you mean blocked?'],
    ['id,access\na,yes\n', '2 access: "yes" is no word on a device; it is one of default, blocked, allowed'],
    ['id,labels\na,"b,c"\n', '2 labels: "b,c" is no label'],
    ['id,pin\na,newest\n', '2 pin: "newest" is not a version such as 1.4.0'],
    ['id,pin\na,1.4 up\n', '2 pin: "1.4 up" is no pin such as "1.4.0" or "1.4.0 downgrade"'],
    ['id,note,project\na,x,q\n', '2 project: it is a device of "q", and not of "p"'],
  ])('is told with its line: %j', (text, problem) => {
    expect(wrongIn(text)).toEqual([problem]);
  });

  it('is told of the first twenty lines, and counted of all; what is right in it is no help', () => {
    const table = `id,access\n${Array.from({ length: 30 }, (_, i) => `d${i},${i % 10 === 0 ? '' : 'nope'}\n`).join('')}`;
    const { problems, wrong, lines } = read(table);
    expect([problems.length, wrong, lines]).toEqual([20, 27, 30]);
    expect(problems[0]?.line).toBe(3);
  });

  it('is its length, too', () => {
    expect(read('id,note\na,x\nb,x\nc,x\nd,x\n', 2)).toMatchObject({ problems: [{ line: 4 }], wrong: 1 });
  });

  it('is told once where it is no text from somewhere on', () => {
    const reader = createTableReader('p');
    reader.add('id,note\na,x\n');
    reader.break('it is a picture');
    reader.break('it is a picture');
    expect(reader.end()).toMatchObject({ wrong: 1, problems: [{ line: 3, message: 'it is a picture' }] });
  });
});
