/** What the tests of this workspace share: servers that misbehave, fake worlds, port suites. Never shipped. */
export { type ArchiveEntry, makeTar, makeZip } from './archives.ts';
export { type BootChoiceUnderTest, testBootChoice } from './boot-choices.ts';
export { type Authority, type CertificateWish, type Credentials, makeCertificate } from './certificates.ts';
export { FakeClock } from './clock.ts';
export {
  type CallFault,
  type DiskFault,
  type DiskStep,
  failingFiles,
  MemoryDisk,
  type Place,
  withFaults,
} from './disk.ts';
export { type Globals, type LuacWidths, makeLuac } from './firmware/luac.ts';
export { makeLuaDb } from './firmware/luadb.ts';
export {
  type CoreUpgradeWish,
  makeCoreUpgrade,
  makeScript,
  makeScriptPackage,
  type ScriptWish,
  type SectionWish,
} from './firmware/luatos.ts';
export { makeAir8101Package, makeLftaPackage, makeSocLookalike, makeXt804Package } from './firmware/others.ts';
export { makeImage, reprDigest, sha256Hex } from './images.ts';
export { loopDevices } from './loop-devices.ts';
export type { Misbehaviour, Scene, Serve } from './misbehaviours/row.ts';
export { type Served, serveMisbehaviour } from './misbehaviours/serve.ts';
export { MISBEHAVIOURS } from './misbehaviours/table.ts';
export { answer, etagOf, type Manner, type RequestHead } from './misbehaviours/wire.ts';
export { type Cut, materialize, PowerDisk, type Tree } from './power/disk.ts';
export { type ProxyFault, startProxy, type TcpProxy } from './proxy.ts';
export { makeSigner, type Signer, testCrypto } from './signing.ts';
export { type SmallDisk, smallDisks } from './small-disk.ts';
export { type It, type PlaceUnderTest, testNotebook, testTarget } from './targets.ts';
export { tool } from './tools.ts';
export { type FakeWorld, type FakeWorldOptions, fakeWorld, type Script, type ScriptedAnswer } from './world.ts';
