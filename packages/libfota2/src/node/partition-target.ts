import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Slot } from '../core/boot-record.ts';
import { inTurn } from '../core/journal.ts';
import { failure, type Target } from '../core.ts';
import { type Claim, claimsBeside, isWrittenElsewhere, newWriter } from './claim.ts';
import type { Device } from './devices.ts';
import type { TwoSlots } from './two-slots.ts';
import { checkSpace, type FileSystem, removeOrphans } from './update-file.ts';

const READ_BYTES = 256 * 1024;
/** O_EXCL without O_CREAT: Linux gives a block device to nobody else who asks for it so, mounts it not, and refuses it while it is mounted. */
const ALONE = constants.O_EXCL ?? 0;

/** A device that may be written, and what it has room for. */
export interface Room {
  readonly device: Device;
  /** Bytes that an image may have. */
  readonly limit: number;
  /** A file that becomes as long as the image. */
  readonly isGrowing: boolean;
}

/** Where the images of a `partitionTarget` go. */
export interface PartitionWorld {
  /** A stable name, beside which notes lie. */
  readonly place: string;
  readonly slots: TwoSlots;
  readonly files: FileSystem;
  /** Prepares a slot that is to be written. Throws where it must not be. */
  room(slot: Slot): Promise<Room>;
}

/** An image under way. */
interface Writer {
  readonly name: string;
  readonly slot: Slot;
  readonly room: Room;
  file: FileHandle;
  /** Bytes that lie in the slot. */
  written: number;
  /** Of these, those that the hash has seen. */
  hashed: number;
  readonly hash: Hash;
  /** The slot was read back, and holds what was written. */
  isProven: boolean;
}

/** The last writer of each place in this process; the one before it has lost its device. */
const lastWriters = new Map<string, Writer>();

/**
 * A target whose bytes go straight to the slot that does not run: there is no room for them anywhere else.
 *
 * Invariant: a byte is written only by the one writer that the claim names, and only after the claim is durable. Between two processes a block
 * device is held by the kernel; a file is not, so the claim is read again before each write.
 */
export function partitionTarget({ place, slots, files, room: roomOf }: PartitionWorld): Target {
  const claims = claimsBeside(place, files);
  let current: Writer | undefined;

  const opened = (): Writer => {
    if (current === undefined) throw new Error('init must come first');
    return current;
  };
  const alone = <Result>(work: () => Promise<Result>): Promise<Result> => inTurn(`${place} is written`, work);
  /** The claim of a writer that still has it. */
  const claimOf = async (writer: Writer): Promise<Claim> => {
    const claim = await claims.load();
    if (lastWriters.get(place) === writer && claim?.writer === writer.name) return claim;
    throw new Error(`another installation has taken over ${writer.room.device.path}`);
  };
  const check = async (writer: Writer): Promise<void> => {
    if (!writer.room.device.isBlock) await claimOf(writer);
    else if (lastWriters.get(place) !== writer) throw new Error(`${writer.room.device.path} is no longer ours`);
  };
  const letGo = async (): Promise<Writer | undefined> => {
    const writer = current;
    current = undefined;
    await writer?.file.close();
    return writer;
  };
  /** Ends the claim of a writer that still has it; of what it kept stays what `stays` says. */
  const release = async (writer: Writer, stays: (token: string) => boolean): Promise<void> => {
    const claim = await claimOf(writer).catch(() => undefined);
    if (lastWriters.get(place) === writer) lastWriters.delete(place);
    if (claim === undefined) return;
    await claims.save({ ...claim, writer: undefined, kept: claim.kept.filter(({ token }) => stays(token)) });
  };
  /** What was not read by whoever goes on with it. */
  const hashRest = async (writer: Writer): Promise<void> => {
    for await (const bytes of pieces(writer.file, writer.hashed, writer.written)) {
      writer.hash.update(bytes);
      writer.hashed += bytes.length;
    }
  };

  const open = async (
    size: number | undefined,
    kept: { token: string; bytes: number } | undefined,
  ): Promise<Writer> => {
    const slot = await slots.free();
    const room = await roomOf(slot);
    const { device } = room;
    if ((size ?? 0) > room.limit) throw tooLarge(size, slot, room);
    if (room.isGrowing) await checkSpace(dirname(device.path), (size ?? 0) - device.bytes, files);
    const claim = await claims.load();
    if (isWrittenElsewhere(claim)) throw new Error(`another process is writing to ${device.path}`);
    await removeOrphans(place, files);
    // Of an earlier installation in this process: its device is needed, and it finds out at its next step.
    await lastWriters
      .get(place)
      ?.file.close()
      .catch(() => undefined);
    const found =
      claim?.slot === slot
        ? claim.kept.find(({ token, bytes }) => token === kept?.token && bytes >= kept.bytes)
        : undefined;
    const written = found === undefined ? 0 : (kept?.bytes ?? 0);
    const file = await openDevice(device, 'r+', files);
    const name = newWriter(place);
    const writer = { name, slot, room, file, written, hashed: 0, hash: createHash('sha256'), isProven: false };
    try {
      // Of what is gone on with the beginning has been overwritten before.
      if (written === 0) await slots.vacate(slot);
      await claims.save({ slot, writer: name, kept: found === undefined ? [] : [{ ...found, bytes: written }] });
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    lastWriters.set(place, writer);
    return writer;
  };

  return {
    place,
    size: slots.size,
    init: (size, kept) =>
      alone(async () => {
        await letGo();
        await files.mkdir(dirname(place), { recursive: true });
        current = await open(size, kept);
        return current.written;
      }),
    async wait() {},
    async *read(bytes) {
      const writer = opened();
      let at = 0;
      for await (const piece of pieces(writer.file, 0, bytes)) {
        if (at === writer.hashed) {
          writer.hash.update(piece);
          writer.hashed += piece.length;
        }
        at += piece.length;
        yield piece;
      }
    },
    write: (bytes) =>
      alone(async () => {
        const writer = opened();
        await check(writer);
        const { room, slot, written } = writer;
        if (written + bytes.length > room.limit) throw tooLarge(undefined, slot, room);
        await hashRest(writer);
        for (let sent = 0; sent < bytes.length; ) {
          const { bytesWritten } = await writer.file.write(bytes, sent, bytes.length - sent, writer.written);
          writer.hash.update(bytes.subarray(sent, sent + bytesWritten));
          sent += bytesWritten;
          writer.written += bytesWritten;
          writer.hashed = writer.written;
        }
      }),
    mark: () =>
      alone(async () => {
        const writer = opened();
        const claim = await claimOf(writer);
        await writer.file.datasync();
        const kept = { token: writer.name, bytes: writer.written };
        await claims.save({ ...claim, kept: [...claim.kept.filter(({ token }) => token !== writer.name), kept] });
        return kept;
      }),
    done: () =>
      alone(async () => {
        const writer = opened();
        await claimOf(writer);
        await hashRest(writer);
        const { hash, room, slot, written: size } = writer;
        const { device, isGrowing } = room;
        const image = { size, sha256: hash.digest('hex') };
        await slots.refuse(image);
        if (isGrowing) await writer.file.truncate(size);
        await writer.file.sync();
        // Once nobody has it open, the system forgets what it remembers of a block device: what is read then is what lies there.
        await writer.file.close();
        writer.file = await openDevice(device, 'r', files);
        if ((await digestOf(writer.file, size)) !== image.sha256) {
          throw new Error(`${device.path} does not hold what was written to it`);
        }
        await claimOf(writer);
        await slots.note(slot, image);
        writer.isProven = true;
      }),
    finish: (ok) =>
      alone(async () => {
        if (!ok) {
          const dropped = await letGo();
          if (dropped !== undefined) await release(dropped, (token) => token !== dropped.name);
          return place;
        }
        const writer = opened();
        if (!writer.isProven) throw new Error('done must come first');
        await claimOf(writer);
        await slots.show(writer.slot);
        // From here on it is installed, whatever becomes of the rest.
        await letGo().catch(() => undefined);
        await release(writer, () => false).catch(() => undefined);
        return writer.room.device.path;
      }),
    forget: ({ token: forgotten }) =>
      alone(async () => {
        const claim = await claims.load();
        if (claim === undefined || isWrittenElsewhere(claim)) return;
        const kept = claim.kept.filter(({ token }) => token !== forgotten);
        if (kept.length < claim.kept.length) await claims.save({ ...claim, kept });
      }),
    suspend: () =>
      alone(async () => {
        const writer = await letGo();
        if (writer !== undefined) await release(writer, () => true);
      }),
  };
}

function openDevice({ path, isBlock }: Device, flags: 'r' | 'r+', files: FileSystem): Promise<FileHandle> {
  if (!isBlock) return files.open(path, flags);
  const how = (flags === 'r' ? constants.O_RDONLY : constants.O_RDWR) | ALONE;
  return files.open(path, how).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EBUSY') throw error;
    throw new Error(`${path} is in use: mounted, swapped to, part of another device, or being written`, {
      cause: error,
    });
  });
}

async function* pieces(file: FileHandle, from: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < end; ) {
    const length = Math.min(READ_BYTES, end - at);
    const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function digestOf(file: FileHandle, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of pieces(file, 0, bytes)) hash.update(piece);
  return hash.digest('hex');
}

function tooLarge(size: number | undefined, slot: Slot, { device: { path }, limit }: Room): Error {
  const how = size === undefined ? 'is larger' : `has ${size} bytes`;
  return failure('image-refused', `The image ${how}, and slot ${slot} (${path}) has room for ${limit}.`, 'store');
}
