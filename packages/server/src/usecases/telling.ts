/** What operators and devices do, told as events. Releases are told by their store, in the commit of the change itself. */
import type { StoredEvent } from '../domain/event.ts';
import type { CheckIns } from './check-in.ts';
import type { Events } from './events.ts';
import type { Fleet } from './fleet.ts';
import type { Operator } from './operator.ts';

export function tellingOperator(operator: Operator, events: Events): Operator {
  return {
    ...operator,
    setAccess: (project, device, access) =>
      events.along({ type: 'device.access', project, data: { device, access } }, () =>
        operator.setAccess(project, device, access),
      ),
  };
}

export function tellingCheckIns(checkIns: CheckIns, fleet: Pick<Fleet, 'record'>, events: Events): CheckIns {
  return {
    ...checkIns,
    answered(decision, upgrade) {
      const { rule, device } = decision;
      const { project, id, firmwareName } = device;
      // Once: at the first question that is answered so.
      if (rule === 'upgrade-loop' && fleet.record(project, id, firmwareName)?.rule !== rule) {
        const { version } = device;
        events.emit({ type: 'device.held', project, data: { device: id, firmwareName, version } });
      }
      return checkIns.answered(decision, upgrade);
    },
  };
}

/** Hands on what happens from now on, in order and once it is durable, until the function that it gives is called. */
export function handOn(
  events: Events,
  onEvent: (event: StoredEvent) => void,
  onProblem: (problem: unknown) => void,
): () => void {
  let place = events.newest();
  let isReading = false;
  let isMore = false;
  const read = async (): Promise<void> => {
    do {
      isMore = false;
      const portion = await events.read(place, {});
      place = portion.at;
      for (const event of portion.events) onEvent(event);
      isMore ||= !portion.isAll;
    } while (isMore);
  };
  return events.watch(() => {
    isMore = true;
    if (isReading) return;
    isReading = true;
    read()
      .catch(onProblem)
      .finally(() => {
        isReading = false;
      });
  });
}
