/** Roles and the projects that they are for. */
import type { Grant } from '@libfota2/server';
import type { Command } from 'commander';
import { choice } from './command.ts';

export interface GrantOptions {
  readonly role: Grant['role'];
  /** Default: all. */
  readonly project?: readonly string[];
}

export const ROLES = ['viewer', 'publisher', 'operator', 'admin'] as const;

/** Adds what says what somebody may do, and where. */
export function grantOptions(command: Command): Command {
  return command
    .addOption(choice('--role <role>', 'each may do what those before it may', ...ROLES).makeOptionMandatory())
    .option('--project <name...>', 'only in these projects; default: all');
}

/** Where somebody may do that, for a table. */
export function placesOf({ projects }: Pick<Grant, 'projects'>): string {
  return projects === 'all' ? 'all' : projects.join(', ');
}
