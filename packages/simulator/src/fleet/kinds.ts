/** What a fleet may be made of: firmware of LuatOS by its age, devices with libfota3, and clients of the plain contract. */
import { GENERATIONS, type GenerationName } from '../generations.ts';
import { TURNKEY_LIBRARIES, type TurnkeyLibraryName } from '../turnkey.ts';

export type DeviceKind = GenerationName | `libfota3-${TurnkeyLibraryName}` | 'plain';

const OF_LUATOS = Object.keys(GENERATIONS) as GenerationName[];
const OF_LIBFOTA3 = Object.keys(TURNKEY_LIBRARIES).map((name) => `libfota3-${name as TurnkeyLibraryName}` as const);

export const DEVICE_KINDS: readonly DeviceKind[] = [...OF_LUATOS, ...OF_LIBFOTA3, 'plain'];

/** Such as any server can answer that LuatOS devices can use, for they ask the one question of them all. */
export const LUATOS_KINDS: readonly DeviceKind[] = OF_LUATOS;

/** Whether it has a mode: where it puts what it gets is the choice of a project with libfota and libfota2 only. */
export function hasModes(kind: DeviceKind): kind is GenerationName {
  return Object.hasOwn(GENERATIONS, kind);
}
