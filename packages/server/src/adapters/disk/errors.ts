import { FotaServerError, type ServerErrorCode } from '../../domain/errors.ts';

const CODES: ReadonlyMap<unknown, ServerErrorCode> = new Map([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EACCES', 'data-dir-unusable'],
  ['EPERM', 'data-dir-unusable'],
  ['EROFS', 'data-dir-unusable'],
  ['ENOTDIR', 'data-dir-unusable'],
  ['EEXIST', 'data-dir-unusable'],
  ['ENOENT', 'data-dir-unusable'],
  ['EIO', 'data-dir-unusable'],
]);

/** The error as one of ours, where an operator can do something about it; else as it is. */
export function translate(path: string, error: unknown): unknown {
  const code = CODES.get((error as { readonly code?: unknown }).code);
  return code === undefined ? error : new FotaServerError(code, `${path}: ${(error as Error).message}`, error);
}
