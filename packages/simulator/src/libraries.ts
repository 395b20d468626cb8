import { type Identity, PLATFORM_URL } from '@libfota2/protocol';

/** What a script library is told by the device and the project's options. Nothing of it is encoded (luatos.md L12). */
export interface DeviceFacts extends Identity {
  /** Hardware, as in `Air780EP_A11`; only libraries of their time send it. */
  readonly model?: string | undefined;
}

export type LibraryName =
  | 'libfota'
  | 'libfota-1.0'
  | 'libfota2-1.0'
  | 'libfota2-2024-11'
  | 'libfota2-2025-02'
  | 'libfota2-now';

type Parameter = 'id' | 'project_key' | 'device_key' | 'firmware_name' | 'version' | 'model';

/** How a script library makes a URL of its options (luatos.md L3, L11, L13). */
export interface Library {
  readonly defaultUrl: string;
  /** What it puts between a URL and its parameters; undefined: a URL of the project's own is used as it stands. */
  readonly joint: '?' | '' | undefined;
  readonly parameters: readonly Parameter[];
  /** Whether every device names itself by `imei`, whatever it has (luatos.md L6). */
  readonly imeiOnly: boolean;
  /** What stands in place of an id that the library cannot find. */
  readonly noId: string;
  /** Whether each call with the same table of options appends the parameters once more. */
  readonly appendsAgain: boolean;
}

const now: Library = {
  defaultUrl: `${PLATFORM_URL}?`,
  joint: '',
  parameters: ['id', 'project_key', 'firmware_name', 'version'],
  imeiOnly: false,
  noId: 'nil',
  appendsAgain: false,
};

/** The script libraries that differ on the wire. */
export const LIBRARIES: Readonly<Record<LibraryName, Library>> = {
  libfota: {
    ...now,
    joint: undefined,
    parameters: ['project_key', 'id', 'device_key', 'firmware_name', 'version'],
    noId: 'imei=',
  },
  'libfota-1.0': {
    ...now,
    joint: undefined,
    parameters: ['project_key', 'firmware_name', 'version', 'id'],
    noId: 'imei=',
  },
  'libfota2-1.0': {
    ...now,
    defaultUrl: PLATFORM_URL,
    joint: '?',
    imeiOnly: true,
    noId: 'imei=',
    appendsAgain: true,
  },
  'libfota2-2024-11': {
    ...now,
    parameters: [...now.parameters, 'model'],
    imeiOnly: true,
    noId: 'imei=',
    appendsAgain: true,
  },
  'libfota2-2025-02': { ...now, noId: 'uid=' },
  'libfota2-now': now,
};

/**
 * The URL that a library asks at the `call`-th call with one table of options.
 * @returns undefined where it gives up for want of a product key: number 5 (luatos.md L2)
 */
export function askedUrl(library: Library, facts: DeviceFacts, url?: string, call = 1): string | undefined {
  if (url !== undefined && library.joint === undefined) return url;
  if (url?.startsWith('###')) return url.slice(3);
  if (facts.projectKey === undefined) return undefined;
  const query = library.parameters.flatMap((name) => written(name, library, facts)).join('&');
  return (url ?? library.defaultUrl) + `${library.joint ?? ''}${query}`.repeat(library.appendsAgain ? call : 1);
}

function written(parameter: Parameter, library: Library, facts: DeviceFacts): readonly string[] {
  switch (parameter) {
    case 'id':
      if (facts.id === undefined) return [library.noId];
      return [`${library.imeiOnly ? 'imei' : (facts.idKind ?? 'imei')}=${facts.id}`];
    case 'project_key':
      return [`project_key=${facts.projectKey}`];
    case 'device_key':
      return ['device_key='];
    case 'firmware_name':
      return [`firmware_name=${facts.firmwareName ?? ''}`];
    case 'version':
      return [`version=${facts.version ?? ''}`];
    case 'model':
      return facts.model === undefined ? [] : [`model=${facts.model}`];
  }
}
