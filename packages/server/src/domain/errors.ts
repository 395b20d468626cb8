import { ACCOUNT_ERRORS } from './account-errors.ts';
import { DEVICE_ERRORS } from './device-errors.ts';
import { OPERATIONS_ERRORS } from './operations-errors.ts';
import { REQUEST_ERRORS } from './request-errors.ts';
import { ROLLOUT_ERRORS } from './rollout-errors.ts';
import { TRUST_ERRORS } from './trust-errors.ts';
import { WEBHOOK_ERRORS } from './webhook-errors.ts';

const GENERAL_ERRORS = {
  'option-invalid': {
    means: 'An option of startServer is out of its range.',
    remedy: 'Correct the option that the message names.',
  },
  'port-in-use': {
    means: 'Another program listens on this address and port.',
    remedy: 'End it, choose another port, or choose port 0 for any free one.',
  },
  'listen-failed': {
    means:
      'The server may not listen on this address and port: the address is not of this machine, or the port is privileged.',
    remedy: 'Choose an address of this machine and a port from 1024 on.',
  },
  'data-dir-locked': {
    means: 'Another server works on this data folder.',
    remedy: 'Use the running one, end it, or choose another data folder.',
  },
  'data-dir-unusable': {
    means: 'The data folder cannot be created, read or written.',
    remedy: 'Check that its path is a folder, who owns it, and that its file system is writable.',
  },
  'disk-full': {
    means: 'No space is left for the data folder, or for the file that was to be made. Nothing was changed.',
    remedy: 'Free some space and try again.',
  },
  'database-damaged': {
    means: 'The database file is no database, or is damaged.',
    remedy: 'Restore the data folder from a backup, or choose another one.',
  },
  'database-newer': {
    means: 'A newer version of this program has written the data folder.',
    remedy: 'Run that version or a newer one.',
  },
  'name-invalid': {
    means: 'The name of a project, firmware or group is empty, too long, or holds control characters or outer spaces.',
    remedy: 'Use 1 to 64 (project, group) or 1 to 128 (firmware) printable characters.',
  },
  'key-invalid': {
    means: 'A project key is not exactly 32 letters and digits.',
    remedy: 'Leave the key out to have one made.',
  },
  'version-invalid': {
    means: 'The version of a release or a pin is not made of one to six numbers with dots between them.',
    remedy: 'Use a version such as 1.4.0; letters have no agreed order on devices.',
  },
  'project-exists': {
    means: 'Another project has this name or key.',
    remedy: 'Use the existing project, or choose another name.',
  },
  'project-unknown': {
    means: 'No project has this name or key.',
    remedy: 'Create the project first; fota project list shows those that exist.',
  },
  'key-unknown': {
    means: 'The key to revoke is no former key of the project.',
    remedy: 'Look at the keys with fota project show; the present key must be rotated before it can be revoked.',
  },
  'core-invalid': {
    means: 'A core is not a letter and a number.',
    remedy: 'Write it as the device tells it, such as V2012, or only its number.',
  },
  'core-missing': {
    means: 'A release for LuatOS devices has a version x.y.z without the core that they tell before it.',
    remedy:
      'Give the core that devices run with it: fota publish --core V2012; or --core none where they tell the version as it is.',
  },
  'notes-too-long': {
    means: 'The notes of a release have more than 10 000 characters.',
    remedy: 'Shorten them; a link to a longer text is enough.',
  },
  'id-invalid': {
    means: 'A device id is empty, longer than 128 characters, or holds characters that cannot be seen.',
    remedy: 'Use the id as the device sends it: its imei, mac or uid.',
  },
  'device-unknown': {
    means: 'The project knows no device of this id.',
    remedy: 'Compare the id with fota device list; a device that never asked is known once it is blocked or allowed.',
  },
  'question-incomplete': {
    means:
      'A device that has never asked cannot be explained without the version, and perhaps the firmware, that it would tell.',
    remedy: 'Say what it would tell: fota explain ID --firmware NAME --version 1.0.0.',
  },
  'name-missing': {
    means: 'The firmware name is neither given nor told by the package or its file name.',
    remedy: 'Give it, as devices send it: fota publish --firmware NAME.',
  },
  'version-missing': {
    means: 'The version is neither given nor told by the package or its file name.',
    remedy: 'Give it: fota publish --version 1.4.0.',
  },
  'source-missing': {
    means: 'A package with a core delta must be bound to the core that it was made from.',
    remedy: 'Say which core devices must run: fota publish --source V2012.',
  },
  'package-contradicts': {
    means: 'The content of the package, or its file name, tells another firmware name or version than was given.',
    remedy: 'Check which is right; fota publish --despite-contradictions publishes it as given.',
  },
  'version-taken': {
    means: 'Another live release of the firmware has the same version on the wire: LuatOS drops the middle number.',
    remedy: 'Publish under the next free version, which the message names, or withdraw the other release.',
  },
  'release-unknown': {
    means: 'There is no release of this number.',
    remedy: 'Look it up with fota release list.',
  },
  'release-withdrawn': {
    means: 'The release was withdrawn, which is for good.',
    remedy: 'Publish the package again: a withdrawn version may be published anew.',
  },
  'release-published': {
    means: 'A package kept as a draft cannot join a release that devices hear of.',
    remedy: 'Publish it without --draft, or under a version of its own.',
  },
  'cursor-invalid': {
    means: 'The cursor of a list is none that this server gave.',
    remedy: 'Ask for the list from its beginning.',
  },
  'release-exists': {
    means: 'The firmware has a live release of this version already, with other bytes for the same source.',
    remedy:
      'Publish these bytes under the next free version, which the message names: devices that have the version would never ask for them.',
  },
  'package-empty': {
    means: 'The package has no bytes.',
    remedy: 'Check the build that made it: devices take an empty answer for a failure.',
  },
  'package-corrupt': {
    means: 'The package is of a known format, and a length or checksum in it does not agree with its bytes.',
    remedy: 'Download or build it again; the message names what did not agree.',
  },
  'package-not-upgrade': {
    means: 'The file is no upgrade package: a .soc for flashing by cable, or an error page that was saved as a file.',
    remedy: 'Take the .bin, .sota or .fota that the tool makes for upgrades; the message says what the file is.',
  },
  'package-unreadable': {
    means: 'The package to publish cannot be read.',
    remedy: 'Check its path and who may read it.',
  },
  'package-damaged': {
    means:
      'A stored package is missing or no longer what was published. It is not served; devices are told to come back.',
    remedy: 'Restore the file in the packages folder from a backup, or publish a higher version.',
  },
  'upload-unknown': {
    means: 'No upload has this id. Uploads are kept for a day.',
    remedy: 'Begin a new upload.',
  },
  'upload-offset': {
    means: 'The bytes do not go on where the upload stands.',
    remedy: 'Ask how far the upload is, and send the bytes from there on.',
  },
  'upload-too-large': {
    means: 'The upload is larger than the server takes.',
    remedy: 'Check the file, or raise maxPackageBytes.',
  },
  'upload-overrun': {
    means: 'More bytes came than were announced. Those beyond the announced size were not kept.',
    remedy: 'Begin a new upload: the file has probably changed meanwhile.',
  },
  'upload-digest': {
    means: 'The bytes that came are not those that were announced: their SHA-256 differs. The upload was dropped.',
    remedy: 'Upload the file again; it has changed meanwhile, or something on the way changes bytes.',
  },
  'upload-incomplete': {
    means: 'Bytes of the upload are still missing.',
    remedy: 'Send the rest first.',
  },
  'upload-superseded': {
    means: 'Another request goes on with this upload.',
    remedy: 'Use one client an upload; ask how far it is before going on.',
  },
  'uploads-full': {
    means: 'As many uploads are open as the server takes.',
    remedy: 'Finish or delete some; those that nobody goes on with end after a day.',
  },
  'request-invalid': {
    means: 'The request is not what this address takes.',
    remedy: 'Correct what the message names; /api/v1/openapi.json describes every request.',
  },
  'request-too-large': {
    means: 'The request is larger than this address takes.',
    remedy: 'Send less; packages go through uploads.',
  },
  'media-type-unsupported': {
    means: 'This address does not take content of this type.',
    remedy: 'Send application/json, or application/octet-stream for the bytes of an upload.',
  },
  'method-not-allowed': {
    means: 'This address does not take this method.',
    remedy: 'Use a method that the header Allow names.',
  },
  'not-found': {
    means: 'Nothing is at this address.',
    remedy: 'See /api/v1/openapi.json for all that there is.',
  },
  internal: {
    means: 'The server met a defect of its own. It has reported the details where it runs.',
    remedy: 'Look into its problems and report the defect.',
  },
  closed: {
    means: 'The server is closing or closed.',
    remedy: 'Start it again.',
  },
} as const;

/**
 * Every way in which the server refuses an operator: the code, what it means, and what to do about it.
 * docs/errors.md says the same, and a test holds the two together. What a device is told are refusals, see `decide`.
 */
export const SERVER_ERRORS: typeof GENERAL_ERRORS &
  typeof ACCOUNT_ERRORS &
  typeof DEVICE_ERRORS &
  typeof OPERATIONS_ERRORS &
  typeof ROLLOUT_ERRORS &
  typeof REQUEST_ERRORS &
  typeof TRUST_ERRORS &
  typeof WEBHOOK_ERRORS = {
  ...GENERAL_ERRORS,
  ...ACCOUNT_ERRORS,
  ...DEVICE_ERRORS,
  ...OPERATIONS_ERRORS,
  ...ROLLOUT_ERRORS,
  ...REQUEST_ERRORS,
  ...TRUST_ERRORS,
  ...WEBHOOK_ERRORS,
};

export type ServerErrorCode = keyof typeof SERVER_ERRORS;

/** What is wrong with a line of a table. */
export interface LineProblem {
  /** From 1. */
  readonly line: number;
  /** The name of the column, where it is about one. */
  readonly column?: string;
  readonly message: string;
}

type Facts = Readonly<Record<string, string | number | readonly LineProblem[]>>;

/** What the server throws for a known reason; `code` names it, {@link SERVER_ERRORS} tells what to do. */
export class FotaServerError extends Error {
  override readonly name = 'FotaServerError';
  readonly code: ServerErrorCode;

  /** What a program can go on with, such as `nextFreeVersion`. */
  readonly facts: Facts;

  constructor(code: ServerErrorCode, detail: string, cause?: unknown, facts: Facts = {}) {
    super(detail, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }

  /** What to do about it. */
  get remedy(): string {
    return SERVER_ERRORS[this.code].remedy;
  }
}
