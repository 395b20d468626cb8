/** What can be set, without the server that obeys: light enough for a command that only prints its help. */
export { bytes, count, duration, flag, type Kind, list, path, text } from './kinds.ts';
export { OPTIONS, OWN, SETTINGS, type Setting } from './table.ts';
