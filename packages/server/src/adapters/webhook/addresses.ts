import { BlockList, isIPv6 } from 'node:net';

/**
 * Who may be sent to: `public`; `private` only where an operator says so, for services that trust their network lie there;
 * `never` what is no host, and what answers anybody on a machine with the machine's own credentials.
 */
export type AddressKind = 'public' | 'private' | 'never';

const NEVER = listOf(
  '0.0.0.0/8',
  // Link-local: the metadata of most clouds is at 169.254.169.254.
  '169.254.0.0/16',
  // And of others here, within ranges that are private or special.
  '100.100.100.200/32',
  '192.0.0.0/24',
  '168.63.129.16/32',
  'fd00:ec2::/32',
  '224.0.0.0/3',
  '::/128',
  'fe80::/10',
  'ff00::/8',
);

const PRIVATE = listOf(
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '::1/128',
  'fc00::/7',
  'fec0::/10',
);

/**
 * IPv6 addresses that stand for an IPv4 one: mapped, translated, of networks in transition. Nobody's receiver is only there.
 * A list of its own, for it would also have every IPv4 address.
 */
const EMBEDDING = listOf('::/96', '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16');

export function kindOf(address: string): AddressKind {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (NEVER.check(address, family)) return 'never';
  if (PRIVATE.check(address, family)) return 'private';
  return family === 'ipv6' && EMBEDDING.check(address, family) ? 'never' : 'public';
}

function listOf(...nets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const net of nets) {
    const [address = '', bits = ''] = net.split('/');
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
}
