/** The `fota` command: reads its arguments, does the work, resolves to the exit code. The process is never ended here. */
import { setMaxListeners } from 'node:events';
import type { Invocation } from './commands/command.ts';
import { CommandError, EXIT } from './failure.ts';
import { createOut, type Out } from './output/out.ts';
import { createProgram } from './program.ts';
import { refuseSecrets } from './trust/paths.ts';
import { processWorld, type World } from './world.ts';

export type { Output, World } from './world.ts';

/** A second Ctrl-C this soon is the same one, handed on by npm or a shell. */
const SAME_SIGNAL_MS = 500;

export async function main(args: readonly string[], given: Partial<World> = {}): Promise<number> {
  const world = { ...processWorld(), ...given };
  const out = createOut(world, args.includes('--json'));
  const exitCode = await run(args, world, out);
  return (await out.written()) || exitCode !== EXIT.ok ? exitCode : EXIT.failed;
}

async function run(args: readonly string[], world: World, out: Out): Promise<number> {
  const interruption = createInterruption(world);
  let exitCode: number = EXIT.ok;
  const invocation: Invocation = {
    world,
    out,
    signal: interruption.signal,
    onHangup: interruption.onHangup,
    exitWith(code) {
      exitCode = code;
    },
  };
  try {
    refuseSecrets(args);
    await createProgram(invocation).parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    const isHelp = error instanceof CommandError && error.exitCode === EXIT.ok;
    if (isHelp) return EXIT.ok;
    const reason = interruption.reason();
    const told = reason !== undefined && !(error instanceof CommandError) ? reason : error;
    out.failure(told);
    return told instanceof CommandError ? told.exitCode : EXIT.failed;
  } finally {
    interruption.end();
  }
}

/** Ctrl-C and its like. Listened to from the moment in which somebody promises to obey; the second one ends at once. */
function createInterruption(world: World): {
  signal(): AbortSignal;
  onHangup(work: () => void): void;
  reason(): CommandError | undefined;
  end(): void;
} {
  const controller = new AbortController();
  // Each request under way listens, and several are at a time.
  setMaxListeners(100, controller.signal);
  let listening: (() => void) | undefined;
  let first: number | undefined;
  let onHangup: (() => void) | undefined;
  const hear = (name: NodeJS.Signals): void => {
    if (name === 'SIGHUP' && onHangup !== undefined) {
      onHangup();
      return;
    }
    const now = world.now();
    if (first !== undefined && now - first > SAME_SIGNAL_MS) world.die(name);
    first ??= now;
    controller.abort(new CommandError('interrupted', `interrupted by ${name}`, { exitCode: EXIT.interrupted }));
  };
  return {
    signal() {
      listening ??= world.onSignal(hear);
      return controller.signal;
    },
    onHangup(work) {
      onHangup = work;
    },
    reason: () => (controller.signal.aborted ? (controller.signal.reason as CommandError) : undefined),
    end: () => listening?.(),
  };
}
