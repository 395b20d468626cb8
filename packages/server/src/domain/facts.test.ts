import { compileQuery, parseQuery, QUERY_FIELDS } from '@libfota2/protocol';
import { expect, it } from 'vitest';
import { recordOf } from '../../test/suites/samples.ts';
import { ATTEMPT_STATES, newAttempt } from './attempt.ts';
import { factsOf } from './facts.ts';

it('queries know every state of an attempt, and no other', () => {
  expect(QUERY_FIELDS.state.choices).toEqual(ATTEMPT_STATES);
});

it('queries are asked about what is known of a device', () => {
  const attempt = newAttempt({ release: 7, rollout: undefined, wave: 0, from: '1.0', to: '1.1' }, 5);
  const profile = { labels: ['beta'], note: 'roof', pin: { version: '1.1', mayDowngrade: false } };
  const known = recordOf({ attempt, asked: 3, rule: 'newest', version: '1.0.0' });
  const facts = factsOf(known, { access: 'allowed', hasRoom: true, known, profile });
  const fits = (text: string): boolean => compileQuery(parseQuery(text))(facts, 10);
  const query =
    'id = 867 and firmware = app and version = 1.0 and label:beta and note:roof and pinned = 1.1 and access = allowed';
  expect(fits(`${query} and asked = 3 and rule = newest and state = offered and release = 7 and seen`)).toBe(true);
});
