import { expect, it } from 'vitest';
import { fakeTime } from '../../test/suites/world.ts';
import { memoryEvents } from '../adapters/memory/events.ts';
import { openEvents } from './events.ts';
import { handOn } from './telling.ts';

it('what happens is handed on in order, each once, however much comes while it is read, and nothing after the end', async () => {
  const time = fakeTime();
  const problems: unknown[] = [];
  const onProblem = (problem: unknown): void => void problems.push(problem);
  const events = await openEvents({ store: memoryEvents(), now: time.now, later: time.later, onProblem });
  const emit = (count: number): void => events.emit({ type: 'device.held', project: 'p', data: { count } });
  emit(0);
  await time.pass(100);
  const heard: unknown[] = [];
  const end = handOn(
    events,
    ({ data: { count = 0 } }) => {
      heard.push(count);
      if (count === 1) emit(1_202);
    },
    onProblem,
  );
  for (let count = 1; count <= 1_201; count += 1) emit(count);
  await time.pass(1_000);
  await expect.poll(() => heard.length).toBe(1_202);
  expect(heard).toEqual(Array.from({ length: 1_202 }, (_, at) => at + 1));
  end();
  emit(2_000);
  await time.pass(1_000);
  expect(heard).not.toContain(2_000);
  expect(problems).toEqual([]);
});
