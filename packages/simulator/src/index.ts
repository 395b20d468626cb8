/** Virtual LuatOS devices of every generation, over real sockets; and whole fleets of them. */
export type { Mix } from './fleet/chance.ts';
export { DEVICE_KINDS, type DeviceKind } from './fleet/kinds.ts';
export type { Latency } from './fleet/latency.ts';
export type { Boot, Standing } from './fleet/life.ts';
export { type FleetClock, type FleetWorld, runFleet } from './fleet/run.ts';
export { type Boots, type FleetServer, type FleetSpec, type FleetWish, fleetSpec } from './fleet/spec.ts';
export type { Counts, FleetEnd, FleetGroup, FleetReport, FleetState, Images } from './fleet/tally.ts';
export { GENERATIONS, type Generation, type GenerationName, type Mode, PLAIN, type Wait } from './generations.ts';
export type { Heard } from './hearing.ts';
export { type DeviceFacts, LIBRARIES, type Library, type LibraryName } from './libraries.ts';
export type { Connection, Cut, Surroundings } from './line.ts';
export { type Run, type SimulateOptions, simulate, type Timers } from './simulate.ts';
export { createFile, createFlash, type Sink } from './sinks.ts';
export {
  checkTurnkey,
  fetchTurnkey,
  reportTurnkey,
  TURNKEY_LIBRARIES,
  type TurnkeyCheck,
  type TurnkeyFacts,
  type TurnkeyFetch,
  type TurnkeyLibrary,
  type TurnkeyLibraryName,
  type TurnkeyOptions,
  type TurnkeyOutcome,
  type TurnkeyTold,
} from './turnkey.ts';
export type { WarpMoment, WarpReport, WarpSample } from './warp/chronicle.ts';
export { simulateRollout, type WarpWorld } from './warp/run.ts';
export { type WarpDevice, type WarpSpec, type WarpStep, type WarpWish, warpSpec } from './warp/spec.ts';
