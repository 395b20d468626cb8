import { plainTarget } from '@libfota2/protocol';
import { PLAIN } from '../generations.ts';
import type { Run } from '../simulate.ts';
import { createFlash } from '../sinks.ts';
import { arrivalOf } from './arrival.ts';
import type { Call, Speak, Spoken } from './speaking.ts';
import type { FleetSpec } from './spec.ts';

/**
 * Clients of the plain contract (docs/protocol.md §11): they go on with a part by its validator, check what they got, wait as
 * long as the server wishes, and report. A server that takes no reports is no worse to them.
 */
export function speakPlain({ server: { host, port }, projectKey, firmwareName }: FleetSpec): Speak {
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return async ({ traits: { id }, life: { version, asked, news } }, call) => {
    const target = (now: string): string => plainTarget({ projectKey, firmwareName, id, version: now });
    const report = async (state: string): Promise<{ readonly run: Run; readonly isTaken: boolean }> => {
      const [place = '', query = ''] = target(version).split('?');
      // The same of all repeats of one report, and of no other.
      const text = JSON.stringify({ state, report: `${asked}-${state}` });
      const posted = { type: 'application/json', text };
      const run = await call({ ...ASKING, url: `###${origin}${place}/report?${query}`, posted });
      const { status = 0 } = run.connections.at(-1)?.heard ?? {};
      return { run, isTaken: status >= 200 && status < 300 };
    };

    const reports: boolean[] = [];
    if (news !== undefined) {
      const told = await report(news);
      const [{ heard } = { heard: undefined }] = told.run.connections;
      // Without a network it would not get any further either: all of it waits until next time.
      if (heard === undefined) return unheard(told.run);
      reports.push(told.isTaken);
    }
    const flash = createFlash();
    const run = await call({ ...ASKING, url: `###${origin}${target(version)}`, sink: flash });
    const arrival = arrivalOf(run, flash.sha256());
    if (arrival.kind === 'whole') reports.push((await report('downloaded')).isTaken);
    const result = run.powerLost ? 'power lost' : arrival.kind;
    return { runs: [run], arrival, result, checks: true, waitMs: waitOf(run), reports };
  };
}

const ASKING = { generation: PLAIN, mode: 'dst', facts: {} } as const satisfies Partial<Parameters<Call>[0]>;

function unheard(run: Run): Spoken {
  const kind = run.powerLost ? 'power-lost' : 'unheard';
  return { runs: [], arrival: { kind }, result: run.powerLost ? 'power lost' : kind, checks: true };
}

/** At most a day (docs/protocol.md §9.4). */
function waitOf({ connections }: Run): number | undefined {
  const ms = connections.at(-1)?.heard?.retryAfterMs;
  return ms === undefined ? undefined : Math.min(ms, 86_400_000);
}
