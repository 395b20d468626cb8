/** Asks a running agent to do something, and waits for what comes of it. */
import { connect } from 'node:net';
import { CommandError } from '../failure.ts';
import { eachLine } from './lines.ts';
import { MESSAGE_LIMIT, type Order, type Reply, type Told } from './socket.ts';
import type { AgentReport } from './status-file.ts';

export interface Obeyed {
  readonly report: AgentReport;
  readonly outcome: Told | undefined;
}

/**
 * @param onReport hears how it goes
 * @throws CommandError `agent-not-running`; whatever the agent refuses; the reason of `signal`
 */
export function askAgent(
  path: string,
  order: Order,
  onReport: (report: AgentReport) => void,
  signal: AbortSignal,
): Promise<Obeyed> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, signal });
    let isSettled = false;
    const settle = (end: () => void): void => {
      isSettled = true;
      end();
      socket.destroy();
    };
    const gone = (why: string): CommandError => new CommandError('agent-not-running', `the agent ${why}`);
    socket.on('connect', () => socket.write(`${JSON.stringify(order)}\n`));
    socket.on('error', (error) =>
      settle(() => reject(signal.aborted ? signal.reason : gone(`does not answer: ${error.message}`))),
    );
    socket.on('close', () => {
      if (!isSettled) reject(signal.aborted ? signal.reason : gone('ended before it was done'));
    });
    const heard = (line: string): void => {
      const reply = replyIn(line);
      if (reply === undefined) settle(() => reject(gone('says what nobody understands: is it of another version?')));
      else if ('now' in reply) onReport(reply.now);
      else if ('done' in reply) settle(() => resolve({ report: reply.done, outcome: reply.outcome }));
      else settle(() => reject(Object.assign(new Error(reply.error.message), reply.error)));
    };
    eachLine(socket, heard, MESSAGE_LIMIT);
  });
}

function replyIn(line: string): Reply | undefined {
  try {
    return JSON.parse(line) as Reply;
  } catch {
    return undefined;
  }
}
