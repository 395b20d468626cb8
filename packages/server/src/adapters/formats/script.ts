import type { Fact } from '../../domain/inspection.ts';
import { sizeText } from './bytes.ts';
import type { ScriptIdentity } from './luac.ts';
import { isLuaDb, readLuaDb } from './luadb.ts';

/** The script of a package, and what there is to say of it. */
export interface Script {
  readonly identity: ScriptIdentity;
  readonly facts: readonly Fact[];
  readonly warnings: readonly string[];
}

/** Reads the first script area among unpacked data. @throws FotaServerError `package-corrupt` */
export async function readScript(areas: readonly Uint8Array[]): Promise<Script | undefined> {
  const area = areas.find(isLuaDb);
  if (area === undefined) return undefined;
  const { identity, files, luaFiles, hasMd5 } = await readLuaDb(area);
  const known = identity.project !== undefined && identity.version !== undefined;
  return {
    identity,
    facts: [
      { label: 'script area', value: `${sizeText(area.length)}, ${hasMd5 ? 'MD5 right' : 'without an MD5'}` },
      { label: 'files', value: `${files}, of which ${luaFiles} Lua` },
      { label: 'PROJECT', value: identity.project ?? 'not found' },
      { label: 'VERSION', value: identity.version ?? 'not found' },
      { label: 'PRODUCT_KEY', value: identity.productKeySha256 === undefined ? 'not in the main script' : 'present' },
    ],
    warnings: [
      ...(hasMd5 ? [] : ['The script area carries no MD5 of itself: its content could not be checked.']),
      ...(known ? [] : ['PROJECT and VERSION could not be read from the main script: nothing is compared with them.']),
    ],
  };
}
