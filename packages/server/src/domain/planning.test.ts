import { parseQuery } from '@libfota2/protocol';
import { expect, it } from 'vitest';
import { POLICY, projectOf, releaseOf, rolloutOf } from '../../test/samples.ts';
import type { Gate } from './plan.ts';
import { createPlanning, type Planning } from './planning.ts';
import { NO_PROFILE } from './profile.ts';
import type { Rollout } from './rollout.ts';

const at = (text: string): number => Date.parse(`2026-11-25T${text}:00Z`);
const device = { project: 'sample', firmwareName: 'app', idKind: 'imei', id: '867', version: '1.0.0' } as const;
const labelled = (...labels: string[]) =>
  ({ access: 'default', hasRoom: true, known: undefined, profile: { ...NO_PROFILE, labels } }) as const;

function planning(changes: Partial<Rollout>, problems: unknown[] = []): Planning & { gate(now: number): Gate } {
  const made = createPlanning({
    projects: () => [projectOf()],
    releases: () => [releaseOf('1.1.0')],
    rollouts: () => [rolloutOf(changes)],
    groupQuery: (_project, name) => (name === 'beta' ? parseQuery('label:beta and version < 2') : undefined),
    policy: () => POLICY,
    onProblem: (problem) => problems.push(problem),
  });
  const gate = (now: number): Gate => {
    const [found] = made.plan(now).projects.get('k'.repeat(32))?.firmwares.get('app')?.gates.get(110) ?? [];
    if (found === undefined) throw new Error('no gate');
    return found;
  };
  return { ...made, gate };
}

it('the plan is made once, and anew when something has changed, a window opens, or the clock is set back', () => {
  const { plan, gate, changed } = planning({ windows: [{ days: [3], from: 22 * 60, to: 23 * 60 }] });
  const first = plan(at('12:00'));
  expect(plan(at('21:59'))).toBe(first);
  expect(gate(at('21:59')).opening.isOpen).toBe(false);
  expect(gate(at('22:00')).opening.isOpen).toBe(true);
  expect(gate(at('23:00')).opening.isOpen).toBe(false);
  expect(gate(at('22:30')).opening.isOpen).toBe(true);
  const later = plan(at('22:45'));
  expect(plan(at('22:45'))).toBe(later);
  changed();
  expect(plan(at('22:45'))).not.toBe(later);
});

it('what waves and lists are looked up in is made anew only where they are others', () => {
  let rollout = rolloutOf({ target: { kind: 'list', ids: ['867'] }, waves: [{ ids: ['867'] }] });
  const { plan, changed } = createPlanning({
    projects: () => [projectOf()],
    releases: () => [releaseOf('1.1.0')],
    rollouts: () => [rollout],
    groupQuery: () => undefined,
    policy: () => POLICY,
    onProblem: () => undefined,
  });
  const after = (changes: Partial<Rollout>): Gate | undefined => {
    rollout = { ...rollout, ...changes };
    changed();
    return plan(0).projects.get('k'.repeat(32))?.firmwares.get('app')?.gates.get(110)?.[0];
  };
  const first = after({});
  const paused = after({ state: 'paused' });
  expect(paused?.rollout.state).toBe('paused');
  expect([paused?.isTarget === first?.isTarget, paused?.waveOf === first?.waveOf]).toEqual([true, true]);
  const other = after({ target: { kind: 'list', ids: ['868'] }, waves: [{ ids: ['868'] }] });
  expect([other?.isTarget(device, labelled(), 0), other?.waveOf('867'), other?.waveOf('868')]).toEqual([
    false,
    undefined,
    0,
  ]);
});

it('a target is everybody, a list, a query or a saved query', () => {
  const isIn = (target: Rollout['target'], ...labels: string[]): boolean =>
    planning({ target })
      .gate(0)
      .isTarget(device, labelled(...labels), 0);
  expect(isIn({ kind: 'all' })).toBe(true);
  expect([isIn({ kind: 'list', ids: ['867'] }), isIn({ kind: 'list', ids: ['8'] })]).toEqual([true, false]);
  expect([isIn({ kind: 'query', query: 'label:x' }, 'x'), isIn({ kind: 'query', query: 'label:x' })]).toEqual([
    true,
    false,
  ]);
  expect([isIn({ kind: 'group', group: 'beta' }, 'beta'), isIn({ kind: 'group', group: 'beta' })]).toEqual([
    true,
    false,
  ]);
});

it('a group that is gone lets nobody new in, and the operator hears of it', () => {
  const problems: unknown[] = [];
  const { gate } = planning({ target: { kind: 'group', group: 'gone' } }, problems);
  expect(gate(0).isTarget(device, labelled('beta'), 0)).toBe(false);
  expect(problems).toMatchObject([{ message: expect.stringMatching(/rollout 1 lets nobody new in: .*gone/) }]);
});
