import { ApiError, CommandError } from '../failure.ts';

/** Whether a failure may be over soon: a lost connection, a server that restarts or is busy. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return [502, 503, 504].includes(error.status);
  return error instanceof CommandError && error.code === 'server-unreachable';
}
