/** What a load generator owes: to servers of others, and to the machine that it runs on. */
import { CommandError, EXIT } from '../failure.ts';

/** Descriptors that the command needs besides its connections. */
const RESERVED = 64;

/** @throws CommandError `usage` for a server on another machine, unless somebody answers for it */
export function checkOwnership(host: string, isOwn: boolean | undefined): void {
  if (isOwn === true || /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host)) return;
  throw new CommandError('usage', `a fleet is a load, and ${host} is not this machine`, {
    remedy: 'Add --i-own-this-server where you may put it on that server.',
    exitCode: EXIT.usage,
  });
}

/** As many of `wanted` connections as this process may have open; `limit` is that of its file descriptors. */
export function openable(wanted: number, limit: number): number {
  return Math.max(1, Math.min(wanted, limit - RESERVED));
}

/** File descriptors that this process may have. */
export function descriptorLimit(): number {
  const report = process.report?.getReport() as { readonly userLimits?: Readonly<Record<string, { soft?: unknown }>> };
  const soft = report?.userLimits?.['open_files']?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}
