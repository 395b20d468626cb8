import { memoryDevices } from '../../src/adapters/memory/devices.ts';
import type { DeviceRecord } from '../../src/ports.ts';
import { createGrouping, type Grouping, type GroupingTimes } from '../../src/usecases/grouping.ts';
import { recordOf } from './samples.ts';
import { type FakeTime, fakeTime, TIMES, type Unreliable, unreliable } from './world.ts';

/** A grouping over a store that can fail, in a time of its own. */
export interface Under {
  readonly grouping: Grouping;
  readonly store: Unreliable;
  readonly time: FakeTime;
  readonly problems: unknown[];
}

export function made(times: GroupingTimes = TIMES): Under {
  const store = unreliable(memoryDevices());
  const time = fakeTime();
  const problems: unknown[] = [];
  const onProblem = (problem: unknown): void => void problems.push(problem);
  return {
    grouping: createGrouping({ store, later: time.later, times, onProblem }),
    store,
    time,
    problems,
  };
}

export const device = (id: number, asked = 1): DeviceRecord => recordOf({ id: String(id), asked });
export const FULL: { readonly code: string } = { code: 'disk-full' };
