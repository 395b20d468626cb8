import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EVENTS, eventTypes, isWanted, type NewEvent, releaseEvents } from './event.ts';

const event: NewEvent = { type: 'rollout.paused', project: 'p', data: {} };

it('docs/events.md lists every type of event with what it tells, and no other', () => {
  const text =
    readFileSync(new URL('../../../../docs/events.md', import.meta.url), 'utf8').split('## Listening')[0] ?? '';
  const documented = [...text.matchAll(/^\| `([\w.-]+)` \| (.+?) \|/gm)].map(([, type, tells]) => [type, tells]);
  expect(Object.fromEntries(documented)).toEqual(EVENTS);
});

it('a filter takes types, families of types and projects; what is about the whole server is for every project', () => {
  expect(isWanted({}, event)).toBe(true);
  expect(isWanted({ types: ['rollout'], projects: ['p'] }, event)).toBe(true);
  expect(isWanted({ types: ['stop', 'rollout.paused'] }, event)).toBe(true);
  expect(isWanted({ types: ['rollout.pause'] }, event)).toBe(false);
  expect(isWanted({ types: ['roll'] }, event)).toBe(false);
  expect(isWanted({ types: [] }, event)).toBe(false);
  expect(isWanted({ projects: ['q'] }, event)).toBe(false);
  expect(isWanted({ projects: [] }, { ...event, project: undefined })).toBe(true);
  expect(isWanted({ within: ['p'] }, event)).toBe(true);
  expect(isWanted({ within: ['q'], projects: ['p'] }, event)).toBe(false);
  expect(isWanted({ within: ['p'] }, { type: 'stop.on', project: undefined, data: {} })).toBe(true);
  expect(isWanted({ within: ['p'] }, { type: 'problem', project: undefined, data: {} })).toBe(false);
});

it('every type and every family of types can be asked for', () => {
  expect(eventTypes()).toEqual(expect.arrayContaining(['release', 'rollout', 'problem', 'attempt.rolled-back']));
  expect(eventTypes().filter((type) => type === 'problem')).toHaveLength(1);
});

it('a release is told when devices begin to hear of it, when a package joins, and when they cease to', () => {
  const named = { project: 'p', firmwareName: 'app', version: '1.1.0', core: undefined, wireVersion: '1.1.0' };
  const facts = { id: 7, notes: '', isFloor: false, createdAt: 1, publishedAt: undefined, withdrawnAt: undefined };
  const one = { sha256: 'a', size: 1, source: 'any', fileName: '', format: 'opaque' };
  const draft = { ...named, ...facts, state: 'draft' as const, packages: [one] };
  const published = { ...draft, state: 'published' as const, publishedAt: 5 };
  const grown = { ...published, packages: [one, { ...one, source: '2012' }] };
  const withdrawn = { ...grown, state: 'withdrawn' as const, withdrawnAt: 9 };
  const data = { release: 7, version: '1.1.0', firmwareName: 'app' };
  const told = { type: 'release.published', project: 'p', data, at: 5 };
  expect(releaseEvents(undefined, draft)).toEqual([]);
  expect(releaseEvents(draft, { ...draft, packages: grown.packages })).toEqual([]);
  expect(releaseEvents(undefined, published)).toEqual([told]);
  expect(releaseEvents(draft, published)).toEqual([told]);
  expect(releaseEvents(published, grown)).toEqual([told]);
  expect(releaseEvents(published, published)).toEqual([]);
  expect(releaseEvents(grown, withdrawn)).toEqual([{ ...told, type: 'release.withdrawn', at: 9 }]);
  expect(releaseEvents(draft, { ...withdrawn, packages: [one] })).toMatchObject([{ type: 'release.withdrawn' }]);
  expect(releaseEvents(withdrawn, withdrawn)).toEqual([]);
});
