/** Every way in which the command itself fails. What the server refuses keeps the server's code and advice. */
import { TrustError, type TrustErrorCode } from '@libfota2/protocol';
import { KEY_ERRORS, type KeyErrorCode, TRUST_ERRORS, type Words } from './trust/errors.ts';

/** The exit codes of every command but `upgrade`, whose codes are the result numbers of libfota2. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 3, upgradeUsage: 64, interrupted: 130 } as const;

const OWN_ERRORS = {
  usage: {
    means: 'The command was called in a wrong way.',
    remedy: 'Look into the help of the command.',
  },
  interrupted: {
    means: 'Ctrl-C, or another signal, ended the command.',
    remedy: 'Run the command again to go on.',
  },
  'server-unreachable': {
    means: 'No server answers there.',
    remedy: 'Start it (fota serve), or correct --server; fota doctor looks closer.',
  },
  'server-unexpected': {
    means: 'What answers there is no admin side of an upgrade server.',
    remedy: 'Give the admin side of the server, which fota serve prints, not the side of the devices.',
  },
  'server-needed': {
    means: 'The command follows a server that runs, and none does.',
    remedy: 'Start the server (fota serve) on this data folder, or name one with --server.',
  },
  'data-dir-missing': {
    means: 'There is no data folder to look into.',
    remedy: 'Make it with fota serve or fota project create NAME, or name another one with --data.',
  },
  'project-needed': {
    means: 'There is not just one project, and none was named.',
    remedy: 'Name one with --project.',
  },
  'file-unreadable': {
    means: 'A file that was named cannot be read.',
    remedy: 'Check the path and who may read it.',
  },
  'file-changed': {
    means: 'The file is no longer what it was when its upload began.',
    remedy: 'Publish again once the build that writes the file has ended.',
  },
  'upload-given-up': {
    means: 'The upload did not get on for more than a minute.',
    remedy: 'Go on with the same command and the option --resume that the message names.',
  },
  'file-exists': {
    means: 'A file that is to be made is there already.',
    remedy: 'Choose another name, or put the old file away.',
  },
  'file-unwritable': {
    means: 'A file that was named cannot be written.',
    remedy: 'Check the path, who may write there, and that there is space.',
  },
  'config-unreadable': {
    means: 'The configuration file cannot be read.',
    remedy: 'Check --config, or FOTA_CONFIG (FOTA_AGENT_CONFIG of an agent), and who may read the file.',
  },
  'config-syntax': {
    means: 'The configuration file is no TOML.',
    remedy:
      'Write a setting a line as name = value, texts in quotes; fota config init writes an example, fota agent config one for an agent.',
  },
  'config-unknown': {
    means: 'The configuration file has a name that is no setting.',
    remedy: 'Correct the name; fota config show lists all of them, fota agent config those of an agent.',
  },
  'config-invalid': {
    means: 'A setting in the configuration file or in a variable has a wrong type, or is out of its range.',
    remedy:
      'Correct what the message names; fota config check says whether all is right, fota agent config --check of an agent.',
  },
  'config-missing': {
    means: 'A setting that is needed is not in the configuration file.',
    remedy: 'Add what the message names; fota agent config prints every setting with an example.',
  },
  'config-conflict': {
    means: 'Settings contradict each other.',
    remedy: 'Change one of them as the message says.',
  },
  'agent-running': {
    means: 'Another agent works on this place.',
    remedy: 'End it first, or leave the work to it: fota agent status shows how it is.',
  },
  'agent-not-running': {
    means: 'No agent runs at this place.',
    remedy: 'Start it: fota agent, or systemctl start with the unit that fota agent unit prints.',
  },
  'agent-busy': {
    means: 'The agent does something else just now.',
    remedy: 'Wait for its end: fota agent status --watch.',
  },
  'password-needed': {
    means: 'A password is needed, and nobody sits at a terminal to type it, or it was typed in two ways.',
    remedy: 'Type it twice alike, or pipe it in: --password-stdin.',
  },
  'audit-broken': {
    means: 'The audit log was changed: an entry is not what it was, is missing, or does not follow the one before.',
    remedy: 'Compare it with an export from before; all before the entry that is named is as it was written.',
  },
  'audit-head-missing': {
    means:
      'No entry of the audit log has the hash that was remembered: its end was cut off, or all of it written anew.',
    remedy: 'Check the hash; compare the log with an export from before.',
  },
  'output-failed': {
    means: 'What the command had to say could not be written to stdout. What it did is done.',
    remedy: 'Make room where stdout goes, and look whether the work is done before you run the command again.',
  },
  internal: {
    means: 'The command met a defect of its own.',
    remedy: 'Please report it with the message.',
  },
} as const;

type CommandErrorCode = keyof typeof OWN_ERRORS | KeyErrorCode | TrustErrorCode;

/** By code what it means and what to do about it. docs/errors.md says the same, and a test holds the two together. */
export const COMMAND_ERRORS: Readonly<Record<CommandErrorCode, Words>> = {
  ...OWN_ERRORS,
  ...KEY_ERRORS,
  ...TRUST_ERRORS,
};

/** What a person or a program is told of a failure. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What the command throws for a known reason. */
export class CommandError extends Error implements Failure {
  override readonly name = 'CommandError';
  readonly code: CommandErrorCode;
  readonly remedy: string;
  readonly exitCode: number;

  constructor(
    code: CommandErrorCode,
    message: string,
    { remedy = COMMAND_ERRORS[code].remedy, exitCode = EXIT.failed, cause }: CommandErrorOptions = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

interface CommandErrorOptions {
  readonly remedy?: string;
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** What the server answered instead of what was asked for (problem+json). */
export class ApiError extends Error implements Failure {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly remedy: string;
  readonly status: number;
  /** The whole problem, with members of its own. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    super(textOf(problem['detail']) || textOf(problem['title']) || `status ${status}`);
    this.status = status;
    this.code = textOf(problem['code']);
    this.remedy = textOf(problem['remedy']);
    this.problem = problem;
  }
}

/** Any error as a failure; what nobody expected is a defect and keeps its stack. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandError || error instanceof ApiError) return error;
  if (error instanceof TrustError) {
    return { code: error.code, message: error.message, remedy: TRUST_ERRORS[error.code].remedy };
  }
  // The server that runs in this process throws its own kind, which has the same three parts.
  const { code, message, remedy } = (error ?? {}) as Partial<Failure>;
  if (error instanceof Error && typeof code === 'string' && typeof remedy === 'string') {
    return { code, message: message ?? '', remedy };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', message: text, remedy: COMMAND_ERRORS.internal.remedy };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
