/** What a device really has after a run, which is more than the device itself can know. */
import type { Heard } from '../hearing.ts';
import type { Run } from '../simulate.ts';

export type Arrival =
  /** The whole package. `isVerified`: its hash is what the server said it would be. */
  | { readonly kind: 'whole'; readonly sha256: string; readonly isVerified: boolean }
  /** What the device takes for an image, and its boot loader will not: a part of one, or a refusal that came as 200. */
  | { readonly kind: 'unusable' }
  /** Bytes of different packages, or others than were promised: what must never happen. */
  | { readonly kind: 'spliced' }
  | { readonly kind: 'refused' }
  /** No answer, none that the device could make anything of, or one of a server in trouble. */
  | { readonly kind: 'unheard' }
  | { readonly kind: 'power-lost' };

/** `sha256` is that of all bytes that lie in the device, in lower-case hex. */
export function arrivalOf(run: Run, sha256: string): Arrival {
  if (run.powerLost) return { kind: 'power-lost' };
  const answers = run.connections.flatMap(({ heard }) => heard ?? []);
  if (run.result !== 0) return { kind: isAnswered(answers) ? 'refused' : 'unheard' };
  const promised = new Set(answers.flatMap((heard) => (isPackage(heard) ? (heard.sha256 ?? []) : [])));
  if (promised.has(sha256)) return { kind: 'whole', sha256, isVerified: true };
  if (promised.size > 1) return { kind: 'spliced' };
  const announced = answers.find(isPackage)?.length;
  if (announced === undefined || run.bytes < announced) return { kind: 'unusable' };
  if (promised.size > 0 || run.bytes > announced) return { kind: 'spliced' };
  return { kind: 'whole', sha256, isVerified: false };
}

/** Statuses by which a server says that it has not looked at the question. */
const UNREAD: ReadonlySet<number> = new Set([408, 413, 414, 429, 431]);

/** Whether the server's last word was a no to this device. Devices cannot tell that from a server in trouble. */
function isAnswered(answers: readonly Heard[]): boolean {
  const { status = 0 } = answers.at(-1) ?? {};
  return status >= 300 && status < 500 && !UNREAD.has(status);
}

/** The head of a package. A server that refuses with 200 tells nothing of one. */
function isPackage({ status, code }: Heard): boolean {
  return (status === 200 || status === 206) && code === undefined;
}
