import { GENERATIONS, type GenerationName } from '../generations.ts';
import { LIBRARIES, type LibraryName } from '../libraries.ts';
import { createFlash } from '../sinks.ts';
import { arrivalOf } from './arrival.ts';
import { hasModes } from './kinds.ts';
import type { Speak } from './speaking.ts';
import type { FleetSpec } from './spec.ts';

/** Devices of LuatOS with libfota or libfota2, of all ages. They report nothing. */
export function speakLuatos({ server: { url }, poll, projectKey, firmwareName }: FleetSpec): Speak {
  return async ({ traits: { kind, mode, idKind, id }, life: { version, calls } }, call) => {
    if (!hasModes(kind)) throw new RangeError(`${kind} is no generation of LuatOS`);
    const flash = createFlash();
    const run = await call({
      generation: kind,
      mode,
      facts: { idKind, id, projectKey, firmwareName, version },
      url,
      library: libraryOf(kind, url),
      call: poll.sameTable ? calls : 1,
      sink: flash,
    });
    const result = run.powerLost ? 'power lost' : String(run.result ?? 'never');
    return { runs: [run], arrival: arrivalOf(run, flash.sha256()), result };
  };
}

/** The library of 2023 asks at a URL of the project's own with nothing of itself: who uses one brings a newer library. */
function libraryOf(generation: GenerationName, url: string | undefined): LibraryName | undefined {
  const { library } = GENERATIONS[generation];
  const isMute = url !== undefined && !url.startsWith('###') && LIBRARIES[library].joint === undefined;
  return isMute ? 'libfota2-1.0' : undefined;
}
