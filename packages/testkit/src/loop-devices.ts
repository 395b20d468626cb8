import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tool } from './tools.ts';

/** Block devices of the system, on files of their own. */
export interface LoopDevice {
  /** As in `/dev/loop3`. */
  readonly path: string;
  remove(): void;
}

/**
 * What makes block devices on this machine. `undefined` where nobody may: skip the test then; a line on the console says so. It is no error
 * under CI, for containers have none.
 */
export function loopDevices(): ((bytes: number) => LoopDevice) | undefined {
  const losetup = tool('losetup', 'apt-get install mount');
  if (losetup === undefined) return undefined;
  const made = (bytes: number): LoopDevice | undefined => {
    const folder = mkdtempSync(join(tmpdir(), 'fota loop '));
    const file = join(folder, 'device');
    writeFileSync(file, '');
    truncateSync(file, bytes);
    const { status, stdout } = spawnSync(losetup, ['--find', '--show', file], { encoding: 'utf8' });
    const path = stdout?.trim();
    const remove = (): void => {
      if (status === 0) spawnSync(losetup, ['--detach', path]);
      rmSync(folder, { recursive: true });
    };
    if (status === 0) return { path, remove };
    remove();
    return undefined;
  };
  const first = made(4_096);
  if (first === undefined) {
    // biome-ignore lint/suspicious/noConsole: a skipped proof must be seen in the report
    console.warn('SKIPPED: block devices on files are made by root alone, so the tests with real devices cannot run');
    return undefined;
  }
  first.remove();
  return (bytes) => {
    const device = made(bytes);
    if (device === undefined) throw new Error('losetup made no device');
    return device;
  };
}
