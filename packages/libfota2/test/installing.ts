/** What tests of slots and installers do again and again. */
import type { Trials } from '../src/core/trials.ts';

/** Brings an image, as an upgrade does. */
export async function install({ target }: Pick<Trials, 'target'>, image: Uint8Array): Promise<string> {
  await target.init(image.length, undefined);
  await target.wait();
  await target.write(image);
  try {
    await target.done();
    return await target.finish(true);
  } catch (error) {
    await target.finish(false);
    throw error;
  }
}

/** The code that it fails with, or `fine`. */
export function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'fine',
    (error: { readonly code?: unknown }) => error.code,
  );
}
