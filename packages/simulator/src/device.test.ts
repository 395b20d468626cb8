import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chunks, head } from '../test/hostile.ts';
import { begin, type DeviceEvent, type Effect, step } from './device.ts';
import { GENERATIONS, PLAIN } from './generations.ts';

const anyFirmware = fc.record({
  generation: fc.constantFrom(...Object.values(GENERATIONS), PLAIN),
  mode: fc.constantFrom('fota' as const, 'dst' as const),
});
const body = Buffer.alloc(20_000, 'b');
const anyBytes = fc.oneof(
  fc.constantFrom(
    head('200 OK', 'Content-Length: 20000'),
    head('206 Partial Content', 'Content-Length: 9'),
    head('200 OK', 'Transfer-Encoding: chunked'),
    head('200 OK', 'Server: x'),
    head('404 Not Found', 'Content-Length: 9'),
    head('304 Not Modified', 'ETag: "x"'),
    Buffer.from('HTTP/1.1 200 OK\r\nContent-Le'),
    body,
    chunks(body),
  ),
  fc.uint8Array({ maxLength: 50 }),
);
const anyEvent: fc.Arbitrary<DeviceEvent> = fc.oneof(
  { weight: 3, arbitrary: anyBytes.map((bytes) => ({ type: 'read', bytes }) as const) },
  { weight: 1, arbitrary: fc.constantFrom('closed', 'unreachable', 'timer').map((type) => ({ type }) as const) },
);

/** All effects of a run to which all this happens. */
function effectsOf(firmware: Parameters<typeof step>[0], events: readonly DeviceEvent[]): readonly Effect[] {
  let { state, effects } = begin();
  const all = [...effects];
  for (const event of events) {
    ({ state, effects } = step(firmware, state, event));
    all.push(...effects);
  }
  return all;
}

it('whatever happens, a device asks no oftener than it may, and does nothing any more once it has ended', () => {
  fc.assert(
    fc.property(anyFirmware, fc.array(anyEvent, { maxLength: 30 }), (firmware, events) => {
      const effects = effectsOf(firmware, events).map((effect) => effect.do);
      expect(effects.filter((effect) => effect === 'ask').length).toBeLessThanOrEqual(1 + firmware.generation.resumes);
      expect(effects.indexOf('end')).toBe(effects.includes('end') ? effects.length - 1 : -1);
    }),
  );
});

it('the timer ends every run, at the latest', () => {
  fc.assert(
    fc.property(anyFirmware, fc.array(anyEvent, { maxLength: 10 }), (firmware, events) => {
      expect(effectsOf(firmware, [...events, { type: 'timer' }]).at(-1)).toMatchObject({ do: 'end' });
    }),
  );
});

it('a body of known length is written whole, however it is cut into reads', () => {
  fc.assert(
    fc.property(anyFirmware, fc.array(fc.nat(body.length), { maxLength: 9 }), (firmware, cuts) => {
      const ends = [...cuts.sort((a, b) => a - b), body.length];
      const pieces = ends.map((end, at) => body.subarray(at === 0 ? 0 : ends[at - 1], end));
      const reads = [head('200 OK', 'Content-Length: 20000'), ...pieces];
      const effects = effectsOf(
        firmware,
        reads.map((bytes) => ({ type: 'read', bytes })),
      );
      const written = effects.flatMap((effect) => (effect.do === 'write' ? [effect.bytes] : []));
      expect(Buffer.concat(written).equals(body)).toBe(true);
      expect(effects.at(-1)).toEqual({ do: 'end', result: 0 });
    }),
  );
});
