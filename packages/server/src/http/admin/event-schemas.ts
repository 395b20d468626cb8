/** The shapes of events. */
import { type TUnsafe, Type } from 'typebox';
import { EVENTS, type EventType } from '../../domain/event.ts';
import type { ApiEvent } from './api.ts';
import { closed, count, oneOf, shape, text, time } from './shape.ts';

export const eventSchema: TUnsafe<ApiEvent> = shape<ApiEvent>()(
  'Event',
  Type.Object(
    {
      id: count('grows with each event, and is never used again'),
      at: time('when it happened'),
      type: oneOf(Object.keys(EVENTS) as EventType[], 'docs/events.md says what each tells'),
      project: Type.Optional(text('left out where it is about the whole server')),
      data: Type.Object(
        {
          release: Type.Optional(count('number of the release')),
          version: Type.Optional(text('of the release; of a device that is held, what it tells')),
          firmwareName: Type.Optional(text('what devices send as firmware_name')),
          rollout: Type.Optional(count('number of the rollout')),
          wave: Type.Optional(count('of the rollout; the first is 1')),
          device: Type.Optional(text('id of the device')),
          access: Type.Optional(text('what the operator said of the device: blocked, allowed, default')),
          count: Type.Optional(count('how many it is about, where they are several')),
          code: Type.Optional(text('of docs/errors.md, or what a device reported')),
          reason: Type.Optional(text('for people')),
        },
        { ...closed, description: 'what does not apply is left out' },
      ),
    },
    closed,
  ),
);
