/** The chain of an audit log: read from a file, and gone along. Loaded only for that, with the server that knows how. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type AuditHead, type AuditRecord, entryIn, faultOf, NO_ENTRY, recordIn } from '@libfota2/server';
import type { Invocation } from '../commands/command.ts';
import { CommandError } from '../failure.ts';
import { counted } from '../output/words.ts';

/** The log in a file. @throws CommandError `file-unreadable`, `audit-broken` */
export async function* recordsIn({ world }: Invocation, file: string): AsyncGenerator<AuditRecord> {
  let number = 0;
  for await (const line of file === '-' ? linesOf(world.stdin()) : linesIn(resolve(world.cwd, file))) {
    number += 1;
    if (line === '') continue;
    const record = recordIn(line);
    if (record === undefined)
      throw new CommandError('audit-broken', `line ${number} of ${file} is no entry of an audit log`);
    yield record;
  }
}

/** Goes along the chain. @throws CommandError `audit-broken`, `audit-head-missing` */
export async function verified(
  { out }: Invocation,
  records: AsyncIterable<AuditRecord>,
  wanted?: string,
): Promise<void> {
  let first: AuditHead = NO_ENTRY;
  let head: AuditHead | undefined;
  let isMet = wanted === undefined || wanted === NO_ENTRY.hash;
  for await (const record of records) {
    if (head === undefined) {
      first = beginningOf(record);
      isMet ||= first.hash === wanted;
    }
    const fault = faultOf(record, head ?? first, sha256);
    if (fault !== undefined) throw new CommandError('audit-broken', fault.says);
    head = { id: record.id, hash: record.hash };
    isMet ||= record.hash === wanted;
  }
  if (!isMet) throw new CommandError('audit-head-missing', `no entry has the hash ${wanted}`);
  const { id, hash: end } = head ?? first;
  const entries = id - first.id;
  out.result({ entries, first: first.id + 1, head: { id, hash: end } }, () => {
    const which = entries === 0 ? '' : `, ${first.id + 1} to ${id}`;
    out.line(`${counted(entries, 'entry', 'entries')}${which}: none was changed, removed, moved or put in.`);
    if (entries > 0) out.line(`head  ${end}`);
    out.note('Keep the head somewhere else: with --head it shows whether the end was cut off since.');
  });
}

/** What a part of a log follows: an export may begin later. */
function beginningOf(record: AuditRecord): AuditHead {
  if (record.id <= 1) return NO_ENTRY;
  try {
    return { id: record.id - 1, hash: entryIn(record).previous };
  } catch {
    // It is no entry, which is found next.
    return NO_ENTRY;
  }
}

async function* linesIn(path: string): AsyncGenerator<string> {
  try {
    const handle = await open(path);
    yield* handle.readLines({ encoding: 'utf8' });
  } catch (error) {
    throw new CommandError('file-unreadable', `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of bytes) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
