import { Writable } from 'node:stream';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { Output } from '../world.ts';
import { createLive, type LiveOptions } from './live.ts';
import { green } from './text.ts';

/** What a terminal of so many columns got, escapes made visible. */
function liveOn(kind: LiveOptions['kind'], columns = 20) {
  let text = '';
  let now = 0;
  const stream: Output = Object.assign(
    new Writable({
      write(chunk, _, done) {
        text += String(chunk);
        done();
      },
    }),
    { columns },
  );
  const live = createLive(stream, { kind, colors: pc.createColors(true), now: () => now });
  return {
    live,
    later: (ms: number) => {
      now += ms;
    },
    text: () => text.replaceAll('\u001b', 'ESC'),
  };
}

describe('lines that change', () => {
  it('stand in one place on a terminal, and are gone in the end', () => {
    const { live, text } = liveOn('lines');
    live.show(['one', 'two'], 'log');
    live.show(['three'], 'log');
    live.end();
    expect(text()).toBe('ESC[?25lone\ntwo\nESC[1AESC[1A\rESC[0Jthree\nESC[1A\rESC[0JESC[?25h');
  });

  it('are cut to what the terminal has room for, wide characters and colours counted right', () => {
    const { live, text } = liveOn('lines', 10);
    live.show([green('123456789abc'), '智能电表远程'], 'log');
    expect(text()).toBe('ESC[?25lESC[32m123456789ESC[39m\n智能电表\n');
  });

  it('are one line in five seconds in a log', () => {
    const { live, later, text } = liveOn('log');
    for (let second = 0; second < 11; second += 1) {
      live.show(['never'], `at ${second}`);
      later(1_000);
    }
    live.end();
    expect(text()).toBe('at 0\nat 5\nat 10\n');
  });

  it('are none for programs', () => {
    const { live, text } = liveOn('none');
    live.show(['never'], 'neither');
    live.end();
    expect(text()).toBe('');
  });

  it('cannot be used to steer the terminal', () => {
    const { live, text } = liveOn('log');
    live.show([], 'a\u001b[2Jb');
    expect(text()).toBe('a\ufffd[2Jb\n');
  });
});
