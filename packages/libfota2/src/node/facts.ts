import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Facts, Settings } from '../core.ts';

const NETWORK_CARDS = '/sys/class/net';
const MACHINE_ID = '/etc/machine-id';

/**
 * A device's facts (docs/protocol.md §2): what `configure` was given, else LIBFOTA2_PROJECT, _VERSION, _PRODUCT_KEY,
 * _CORE, _BSP, _HARDWARE and _IMEI; without an IMEI the first physical network card, else the machine id.
 */
export function nodeFacts(given: Settings): Facts {
  const facts = {
    project: given.project ?? variable('PROJECT'),
    version: given.version ?? variable('VERSION'),
    productKey: given.productKey ?? variable('PRODUCT_KEY'),
    core: given.core ?? variable('CORE'),
    bsp: given.bsp ?? variable('BSP'),
    hardware: given.hardware ?? variable('HARDWARE'),
  };
  const imei = given.imei ?? variable('IMEI');
  if (imei !== undefined) return { ...facts, idKind: 'imei', id: imei };
  const mac = firstMac();
  return mac === undefined
    ? { ...facts, idKind: 'uid', id: readText(MACHINE_ID) || undefined }
    : { ...facts, idKind: 'mac', id: mac };
}

/** An environment variable of ours; an empty one counts as unset. */
export function variable(name: string): string | undefined {
  return process.env[`LIBFOTA2_${name}`] || undefined;
}

/** Upper-case hex without separators, as LuatOS devices write it. */
function firstMac(): string | undefined {
  try {
    const macs = existsSync(NETWORK_CARDS) ? linuxMacs() : otherMacs();
    // Of zeros only is what has none.
    const mac = macs.find((address) => /[1-9a-f]/i.test(address));
    return mac?.replaceAll(':', '').toUpperCase();
  } catch {
    // Sandboxes forbid the look.
    return undefined;
  }
}

/** Cards with a device behind them, by name: bridges, tunnels and containers' cards come and go. */
function linuxMacs(): string[] {
  return readdirSync(NETWORK_CARDS)
    .sort()
    .filter((card) => existsSync(`${NETWORK_CARDS}/${card}/device`))
    .map((card) => readText(`${NETWORK_CARDS}/${card}/address`) ?? '');
}

function otherMacs(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.filter((address) => !address.internal).map((address) => address.mac),
  );
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
