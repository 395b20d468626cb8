/** Shows how the agent is: in the status file, to who waits at its socket, and to systemd. */
import type { AgentStatus } from 'libfota2/agent';
import type { ApplicationState } from './application.ts';
import { type AgentConfig, placeDir } from './config.ts';
import type { Tell } from './log.ts';
import type { Notifier } from './notify.ts';
import type { OrderServer } from './socket.ts';
import { type AgentReport, reportOf, statusFile } from './status-file.ts';

export interface Publisher {
  /** `undefined`: that is as it was. */
  publish(status: AgentStatus | undefined, application: ApplicationState | undefined): void;
  report(status: AgentStatus): AgentReport;
  flush(): Promise<void>;
}

interface Channels {
  readonly orders: OrderServer | undefined;
  readonly notifier: Notifier;
  readonly tell: Tell;
  readonly now: () => number;
}

/** Milliseconds between two words to those who wait, while only the progress changes. */
const SHOW_MS = 200;

export function createPublisher(config: AgentConfig, { orders, notifier, tell, now }: Channels): Publisher {
  const file = statusFile(placeDir(config), (error) => {
    tell('warn', 'status-unwritten', `the status cannot be written: ${error.message}`);
  });
  let latest: AgentStatus | undefined;
  let running: ApplicationState | undefined;
  let shownMs = Number.NEGATIVE_INFINITY;
  let shownStage: AgentStatus['stage'] | undefined;

  const report = (status: AgentStatus): AgentReport =>
    reportOf({ config: config.file, socket: orders?.path, status, application: running }, now());
  return {
    publish(status = latest, application) {
      latest = status;
      running = application;
      if (status === undefined) return;
      const isDue = performance.now() - shownMs >= SHOW_MS || status.stage !== shownStage;
      const told = report(status);
      file.write(told);
      if (isDue) orders?.show(told);
      if (isDue) [shownMs, shownStage] = [performance.now(), status.stage];
      notifier.status(sentenceOf(status));
    },
    report,
    flush: () => file.flush(),
  };
}

/** For `systemctl status`; steps of ten percent, for each of them is a process. */
function sentenceOf({ stage, release, progress, wait, version }: AgentStatus): string {
  const { bytes = 0, total = 0 } = progress ?? {};
  const part = total > 0 ? `, ${10 * Math.floor((10 * bytes) / total)} %` : '';
  const what = stage === 'idle' ? '' : ` ${release?.version ?? ''}`;
  return `${stage}${what}${part}${wait === undefined ? '' : `: ${wait.reason}`}; ${version ?? 'nothing'} runs`;
}
