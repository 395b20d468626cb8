import { median } from '../measure.ts';
import { cpuOf, program } from '../servers.ts';
import { type Arena, type Contestant, emptyHolding, type Holding, openArena } from './arena.ts';
import { type Discipline, disciplines, FIRST_CONTACTS, type Rival } from './disciplines.ts';
import { putLoad, type Taken } from './wrk.ts';

/** How one contestant did in one discipline: medians over the rounds. */
export interface Score {
  /** Requests or bytes a second, as the discipline counts. */
  readonly perS: number;
  /** CPU of the server for one request. */
  readonly cpuMs: number;
  /** CPU of the load generator over wall time: at 1 it is what was measured. */
  readonly loadShare: number;
}

export interface Result {
  readonly discipline: Discipline;
  readonly server: Score;
  readonly rivals: readonly {
    readonly name: Rival;
    readonly score: Score;
    /** The server over it: the median of what each round says. */
    readonly ratio: number;
  }[];
}

export interface ServerContest {
  readonly rounds: number;
  readonly results: readonly Result[];
  readonly memory: {
    /** After everything else, with all devices of {@link DEVICES} known by their own check-ins. */
    readonly used: Holding;
    /** Started anew with them. */
    readonly started: Holding;
    /** Started on an empty folder. */
    readonly empty: Holding;
  };
}

/** Devices that the server knows at the end. */
export const DEVICES = 100_000;
/** Devices that are known before the first round, for each round: each is sent the same package five times at most. */
const KNOWN_PER_ROUND = 3_000;

/** A server runs for months: code that is still being compiled is none of what is measured. */
const WARM_UP_ROUNDS = 3;

interface Lane {
  readonly discipline: Discipline;
  readonly contestants: readonly { readonly contestant: Contestant; readonly scores: Score[] }[];
  /** Devices that have asked, of each contestant. */
  asked: number;
}

/**
 * All disciplines in turns, the contestants of each one after the other, as often as there are rounds.
 * `undefined` where wrk is not installed.
 */
export async function serverContest(
  rounds: number,
  onStep: (step: string) => void,
): Promise<ServerContest | undefined> {
  const wrk = program('wrk');
  if (wrk === undefined) return undefined;
  const arena = await openArena();
  try {
    const [newcomer] = await arena.contestants(FIRST_CONTACTS);
    if (newcomer === undefined) throw new Error('the server is missing');
    let newcomers = 0;
    const welcome = async (devices: number): Promise<void> => {
      while ((await arena.look()).devices < devices) {
        newcomers += take(wrk, FIRST_CONTACTS, newcomer, newcomers).requests + FIRST_CONTACTS.connections;
      }
    };
    const known = KNOWN_PER_ROUND * (WARM_UP_ROUNDS + rounds);
    onStep(`${known} devices make themselves known`);
    await welcome(known);

    const lanes: Lane[] = [];
    for (const discipline of disciplines(known)) {
      const contestants = await arena.contestants(discipline);
      lanes.push({
        discipline,
        contestants: contestants.map((contestant) => ({ contestant, scores: [] })),
        asked: discipline === FIRST_CONTACTS ? newcomers : 0,
      });
    }
    // The first rounds warm up and count for nobody.
    for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round += 1) {
      for (const lane of lanes) {
        onStep(`${round <= 0 ? 'warming up' : `round ${round} of ${rounds}`}: ${lane.discipline.what}`);
        runLane(wrk, lane, round > 0);
      }
    }
    newcomers = lanes.find(({ discipline }) => discipline === FIRST_CONTACTS)?.asked ?? newcomers;
    onStep(`up to ${DEVICES} devices make themselves known`);
    await welcome(DEVICES);
    return { rounds, results: lanes.map(resultOf), memory: await memory(arena) };
  } finally {
    await arena.close();
  }
}

/** All contestants of a discipline once, each with the same devices. */
function runLane(wrk: string, lane: Lane, counts: boolean): void {
  const { discipline, contestants } = lane;
  let most = 0;
  for (const { contestant, scores } of contestants) {
    const { served, bodyBytes } = contestant;
    const before = cpuOf(served.process);
    const taken = take(wrk, discipline, contestant, lane.asked);
    const cpuS = cpuOf(served.process) - before;
    if (contestant.name === 'server') most = taken.requests + discipline.connections;
    if (!counts) continue;
    const isBytes = discipline.counts === 'bytes';
    // Long downloads are not over when their time is: the bytes of all count.
    const answers = isBytes ? taken.bytes / bodyBytes : taken.requests;
    scores.push({
      perS: (isBytes ? taken.bytes : answers) / taken.seconds,
      cpuMs: (1000 * cpuS) / answers,
      loadShare: taken.cpuS / taken.seconds,
    });
  }
  lane.asked += most;
}

/** One load, after which everybody must have got what they were to get. */
function take(wrk: string, discipline: Discipline, { url, headers, bodyBytes, name }: Contestant, skip: number): Taken {
  const { connections, seconds, devices, status, what } = discipline;
  const taken = putLoad(wrk, { url, headers, connections, seconds, devices, skip });
  const { requests, refused, broken, bytes } = taken;
  const most = (requests + connections) * (bodyBytes + 1024);
  const isRight = refused === (status >= 400 ? requests : 0) && bytes >= requests * bodyBytes && bytes <= most;
  if (bytes > 0 && isRight && broken === 0) return taken;
  throw new Error(`${what}, ${name}: ${JSON.stringify(taken)} are not answers ${status} of ${bodyBytes} bytes each`);
}

async function memory(arena: Arena): Promise<ServerContest['memory']> {
  const used = await arena.look();
  await arena.restart();
  return { used, started: await arena.look(), empty: await emptyHolding() };
}

function resultOf({ discipline, contestants: [server, ...rivals] }: Lane): Result {
  if (server === undefined) throw new Error(`${discipline.what}: the server is missing`);
  return {
    discipline,
    server: middle(server.scores),
    rivals: rivals.map(({ contestant, scores }) => ({
      name: contestant.name as Rival,
      score: middle(scores),
      ratio: median(server.scores.map(({ perS }, round) => perS / (scores[round]?.perS ?? Number.NaN))),
    })),
  };
}

function middle(scores: readonly Score[]): Score {
  return {
    perS: median(scores.map(({ perS }) => perS)),
    cpuMs: median(scores.map(({ cpuMs }) => cpuMs)),
    loadShare: median(scores.map(({ loadShare }) => loadShare)),
  };
}
