import type { LibraryName } from './libraries.ts';

export type GenerationName = '2023-10' | '2024-06' | '2025-01' | '2025-09' | '2026-01' | '2026-03' | 'now';

/** Where a device puts what it receives: into the flash writer, or into the file `/update.bin`. */
export type Mode = 'fota' | 'dst';

/** What a device that has its answer still waits for before it calls back; its timer is minutes long. */
export type Wait = 'close' | 'close or timer' | 'timer';

/** How the firmware of one generation asks, and what it makes of answers (luatos.md F). */
export interface Generation {
  /** The script library of its time; a project may ship another (luatos.md A). */
  readonly library: LibraryName;
  readonly head: {
    /** Whether `Host` names the port. */
    readonly hostPort: boolean;
    /** Whether `Connection: Close` goes before `Host`. */
    readonly connectionClose: boolean;
  };
  /** Whether it understands a head that arrives in more than one read. */
  readonly headInPieces: boolean;
  /** How often it asks for the rest of a body that broke off. Whatever comes then, 200 or 206, is appended. */
  readonly resumes: number;
  /** Whether it asks for the rest by the validator of what it has, and begins anew where it gets a whole instead. */
  readonly validates: boolean;
  /** What a body that broke off comes to when there is no resume left. */
  readonly brokenOff: Readonly<Record<Mode, 'disconnected' | 'success' | 'timer'>>;
  /** Bodies of which it takes the first read for the whole. */
  readonly firstReadOnly: { readonly chunked: boolean; readonly withoutLength: boolean };
  /** What it waits for after the last byte of a refusal; undefined: for nothing. */
  readonly refused: Readonly<Record<Mode, { readonly sized: Wait | undefined; readonly chunked: Wait | undefined }>>;
  /** Whether the text of a refusal stays in `/update.bin`. */
  readonly keepsRefusals: boolean;
  /** Milliseconds that its own timer grants a whole run (luatos.md L15, L20). */
  readonly timerMs: number;
}

const calledBackAtOnce = { sized: undefined, chunked: undefined };

const y2025: Generation = {
  library: 'libfota2-2024-11',
  head: { hostPort: true, connectionClose: false },
  headInPieces: true,
  resumes: 3,
  validates: false,
  brokenOff: { fota: 'disconnected', dst: 'disconnected' },
  firstReadOnly: { chunked: false, withoutLength: false },
  refused: { fota: calledBackAtOnce, dst: calledBackAtOnce },
  keepsRefusals: false,
  timerMs: 300_000,
};

const y2026: Generation = {
  ...y2025,
  library: 'libfota2-now',
  head: { hostPort: true, connectionClose: true },
  resumes: 0,
  brokenOff: { fota: 'success', dst: 'success' },
  timerMs: 600_000,
};

/** The generations of firmware that differ on the wire, by the month in which they began. */
export const GENERATIONS: Readonly<Record<GenerationName, Generation>> = {
  '2023-10': {
    ...y2025,
    library: 'libfota',
    head: { hostPort: false, connectionClose: false },
    headInPieces: false,
    keepsRefusals: true,
  },
  '2024-06': { ...y2025, library: 'libfota2-1.0', headInPieces: false },
  '2025-01': y2025,
  '2025-09': { ...y2025, library: 'libfota2-2025-02', resumes: 0 },
  '2026-01': { ...y2026, firstReadOnly: { chunked: true, withoutLength: true }, keepsRefusals: true },
  '2026-03': {
    ...y2026,
    refused: { fota: { sized: 'close', chunked: 'timer' }, dst: { sized: 'close', chunked: 'close' } },
  },
  now: {
    ...y2026,
    brokenOff: { fota: 'timer', dst: 'success' },
    firstReadOnly: { chunked: false, withoutLength: true },
    refused: { fota: { sized: 'close or timer', chunked: 'timer' }, dst: calledBackAtOnce },
  },
};

/** No LuatOS device, but a client of the plain contract (docs/protocol.md §11) that does it well, as our own library does. */
export const PLAIN: Generation = {
  ...y2025,
  head: { hostPort: true, connectionClose: true },
  validates: true,
};
