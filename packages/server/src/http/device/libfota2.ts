import type { IncomingMessage } from 'node:http';
import { matchesIfNoneMatch, parseRange, parseTarget, UPGRADE_PATH } from '@libfota2/protocol';
import type { Package, Release } from '../../domain/catalogue.ts';
import type { Decision } from '../../domain/decide.ts';
import type { OpenPackage } from '../../ports.ts';
import type { CheckIns } from '../../usecases/check-in.ts';
import { type Answer, beyondTheEnd, etagOf, notModified, packageAnswer, refusal } from '../answers.ts';

/** Where devices ask; the platform's path, so that only the host of a device's URL has to change, and a short one. */
const PATHS: ReadonlySet<string> = new Set([UPGRADE_PATH, '/upgrade']);
/** LuatOS' `method` option takes any of these; all ask the same question (luatos.md L10). */
const METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

const STATUS = { 3: 400, 25: 403, 26: 404, 27: 404 } as const;

/** The question of libfota2 and of LuatOS, answered after luatos.md C and D. */
export function libfota2Route(ports: {
  readonly checkIns: CheckIns;
  readonly open: (wanted: Package) => Promise<OpenPackage>;
}): (request: IncomingMessage) => Promise<Answer> {
  const { checkIns, open } = ports;

  const whole = async (release: Release, record: () => Promise<void>): Promise<Answer> => {
    // Checked first: a package that turns out damaged was not served, and the log must not say so.
    const opened = await open(release);
    try {
      await record();
    } catch (problem) {
      await opened.close();
      throw problem;
    }
    return packageAnswer(release, opened);
  };

  /** The rest of what this device is being sent, whatever is on offer by now (luatos.md L18); it is no new attempt. */
  const rest = async (decision: Decision, range: string, ifRange: string | undefined): Promise<Answer | undefined> => {
    const offered = await checkIns.offered(decision);
    const decided = decision.answer === 'upgrade' ? decision.release : undefined;
    const release = ifRange === undefined ? offered : [offered, decided].find((one) => one && etagOf(one) === ifRange);
    if (release === undefined) {
      // A client without If-Range appends whatever comes to what it has: without a memory of what that is, it must start
      // again. Not so from 0, where nothing is there yet.
      const blind = decided !== undefined && ifRange === undefined && isPart(parseRange(range, decided.size));
      return blind ? beyondTheEnd(decided) : undefined;
    }
    const part = parseRange(range, release.size);
    if (part === 'whole') return undefined;
    if (part === 'unsatisfiable') return beyondTheEnd(release);
    return packageAnswer(release, await open(release), part);
  };

  return async ({ method, url = '', headers }) => {
    // Proxies send the whole URL.
    const { path, identity } = parseTarget(url.replace(/^https?:\/\/[^/?]*/i, ''));
    if (!PATHS.has(path)) return refusal(404, 404, 'nothing is here');
    if (!METHODS.has(method)) return refusal(405, 405, 'this method asks nothing');
    const decision = checkIns.decide(identity);
    // HEAD looks and touches nothing.
    const record = async (hasIt = false): Promise<void> => {
      if (method !== 'HEAD') await checkIns.record(decision, hasIt);
    };

    if (headers.range !== undefined) {
      const answer = await rest(decision, headers.range, header(headers['if-range']));
      if (answer !== undefined) return answer;
    }
    if (decision.answer === 'refused') {
      await record();
      return refusal(STATUS[decision.code], decision.code, decision.msg);
    }
    const { release } = decision;
    if (headers['if-none-match'] !== undefined && matchesIfNoneMatch(headers['if-none-match'], etagOf(release))) {
      await record(true);
      return notModified(release);
    }
    return whole(release, record);
  };
}

function isPart(range: ReturnType<typeof parseRange>): boolean {
  return range === 'unsatisfiable' || (typeof range === 'object' && range.first > 0);
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
