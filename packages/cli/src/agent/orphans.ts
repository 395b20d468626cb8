/** What an agent that was killed has left running. */
import { readdir, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { groupOf, identityIn, type ProcessIdentity, signalGroup } from './processes.ts';

const NOTE = 'agent.app.';
const LOOK_MS = 10;
const PATIENCE_MS = 10_000;

/**
 * For `sh -c`, with the folder, the agent's process number, and the launcher with its arguments: notes the process, then becomes the
 * launcher. It looks for its agent after it has noted itself: so either the agent lived still, and whoever comes after it finds the
 * note, or nothing is started. A note is a link that leads nowhere, as the lock is: a disk that is full has room for it. One that can
 * only be read is no reason to start nothing.
 */
export const NOTING: string = `dir=$1 agent=$2; shift 2
IFS= read -r line </proc/$$/stat && read -r boot </proc/sys/kernel/random/boot_id
rest=\${line##*) }
set -f; start=$(set -- $rest; shift 19; echo "$1"); set +f
ln -s "$$ $start@$boot" "$dir/${NOTE}$$" 2>/dev/null
read -r _ _ _ parent _ </proc/$$/stat
[ "$parent" = "$agent" ] || { rm -f "$dir/${NOTE}$$"; exit 1; }
exec sh "$@"`;

/**
 * Ends, by SIGKILL, what earlier agents have started here, and waits until it is gone. Resolves to whom that befell.
 * @throws Error where one does not go away: a second one must not be started
 */
export async function endOrphans(dir: string): Promise<readonly number[]> {
  const names = (await readdir(dir).catch(() => [])).filter((name) => name.startsWith(NOTE));
  const variable = `FOTA_DIR=${await realpath(dir).catch(() => dir)}`;
  const ended: number[] = [];
  for (const name of names) {
    const noted = identityIn(await readlink(join(dir, name)).catch(() => ''));
    if (noted !== undefined && (await endGroup(noted, variable))) ended.push(noted.pid);
    await rm(join(dir, name), { force: true }).catch(() => undefined);
  }
  return ended;
}

/** All that it started is gone. */
export function forgetStart(dir: string, pid: number): Promise<void> {
  return rm(join(dir, NOTE + pid), { force: true }).catch(() => undefined);
}

async function endGroup(leader: ProcessIdentity, variable: string): Promise<boolean> {
  if (groupOf(leader, variable).length === 0) return false;
  signalGroup(leader.pid, 'SIGKILL');
  for (let waitedMs = 0; groupOf(leader, variable).length > 0; waitedMs += LOOK_MS) {
    if (waitedMs > PATIENCE_MS) throw new Error(`process ${leader.pid} of an agent that died cannot be ended`);
    await sleep(LOOK_MS);
  }
  return true;
}
