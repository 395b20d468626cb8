import { expect, it } from 'vitest';
import type { Group, GroupStore } from '../../src/ports/groups.ts';

/** A store that knows the projects `p` and `q`, and the same opened again as after a restart. */
export interface GroupsUnderTest {
  readonly store: GroupStore;
  reopened(): Promise<GroupStore>;
}

function groupOf(changes: Partial<Group>): Group {
  return { project: 'p', name: 'testers', query: 'label:beta', note: '', createdAt: 5, changedAt: 5, ...changes };
}

/** What every `GroupStore` owes to the use cases. */
export function testGroupStore(make: () => Promise<GroupsUnderTest>): void {
  it('groups come back as they were kept last, by project and name; what was removed does not', async () => {
    const { store, reopened } = await make();
    await store.keep(groupOf({ project: 'q' }));
    await store.keep(groupOf({ name: '北京' }));
    await store.keep(groupOf({}));
    await store.keep(groupOf({ name: 'gone' }));
    await store.keep(groupOf({ query: 'label:beta and note:"a \\"b\\""', note: '测试', changedAt: 9 }));
    await store.remove('p', 'gone');
    await store.remove('q', 'never');
    const kept = [
      groupOf({ query: 'label:beta and note:"a \\"b\\""', note: '测试', changedAt: 9 }),
      groupOf({ name: '北京' }),
      groupOf({ project: 'q' }),
    ];
    expect(await store.groups()).toEqual(kept);
    expect(await (await reopened()).groups()).toEqual(kept);
  });
}
