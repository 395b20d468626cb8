/** Virtual LuatOS devices of every generation, over real sockets. */
export { GENERATIONS, type Generation, type GenerationName, type Mode, type Wait } from './generations.ts';
export { type DeviceFacts, LIBRARIES, type Library, type LibraryName } from './libraries.ts';
export { type Run, type SimulateOptions, simulate, type Timers } from './simulate.ts';
export { createFile, createFlash, type Sink } from './sinks.ts';
